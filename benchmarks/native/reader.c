/* reader PORT COUNT: so many connections that subscribe to everything, and read what comes.
 *
 * Writes "reading" when all have been told that all is live. Ends with status 1 where one of them
 * is cut off. Rests between two looks, and has what comes dropped, not copied: programs elsewhere
 * would take no time of this computer. */

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static const char ASK[] = "@id=1 Subscribe *\r\n";
static const size_t MOST = 1 << 18;
static const struct timespec REST = {.tv_nsec = 5 * 1000 * 1000};

static int connected(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        write(fd, ASK, sizeof ASK - 1) != (ssize_t)sizeof ASK - 1) {
        perror("reader");
        exit(1);
    }
    return fd;
}

int main(int argc, char **argv)
{
    int count = argc == 3 ? atoi(argv[2]) : 0;
    struct pollfd *fds = calloc((size_t)count, sizeof *fds);
    int silent = count;
    char *heard = calloc((size_t)count, 1);

    if (count < 1 || fds == NULL || heard == NULL)
        return 2;
    for (int i = 0; i < count; i++)
        fds[i] = (struct pollfd){.fd = connected(atoi(argv[1])), .events = POLLIN};
    for (;;) {
        if (poll(fds, (nfds_t)count, -1) < 0)
            return 1;
        for (int i = 0; i < count; i++) {
            if (!(fds[i].revents & (POLLIN | POLLHUP | POLLERR)))
                continue;
            if (recv(fds[i].fd, NULL, MOST, MSG_TRUNC) <= 0)
                return 1;
            if (!heard[i] && (heard[i] = 1) && --silent == 0) {
                puts("reading");
                fflush(stdout);
            }
        }
        nanosleep(&REST, NULL);
    }
}
