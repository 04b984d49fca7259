/* The reference: two hops of a relay that parses nothing, in C with epoll.
 *
 *   relay far PATH REPLY           answers each line that comes to the unix socket with REPLY
 *   relay near PATH                prints its TCP port; passes lines to PATH and replies back
 *
 * Like the road it has one connection between the two, and one line of reply for each line, in
 * order. Ends when its standard input does.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define BUFFER (1 << 20)
#define BACKLOG 1024

struct connection { int fd, gone; size_t waiting, length; char *in; };

static int epoll_fd;
static struct connection *upstream;          /* near: the way to the far half */
static struct connection **askers;           /* near: who waits for the next replies */
static size_t first, asked, room = 1 << 20;
static const char *reply;
static size_t reply_length;

static void fail(const char *what) { fprintf(stderr, "relay: %s: %s\n", what, strerror(errno)); exit(2); }

static struct connection *add(int fd) {
    struct connection *c = calloc(1, sizeof *c);
    c->fd = fd;
    c->in = malloc(BUFFER);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0) fail("epoll_ctl");
    return c;
}

static void send_all(int fd, const char *data, size_t length) {
    while (length) {
        ssize_t n = send(fd, data, length, MSG_NOSIGNAL);
        if (n > 0) { data += n; length -= (size_t)n; }
        else if (errno != EAGAIN) return;
    }
}

static void release(struct connection *c) {
    if (!c->gone || c->waiting) return;
    free(c->in);
    free(c);
}

/* Whole lines of what has come; the rest stays. */
static size_t lines(struct connection *c, size_t *whole) {
    size_t count = 0;
    *whole = 0;
    for (char *p = c->in, *end = c->in + c->length; (p = memchr(p, '\n', (size_t)(end - p))) != NULL;) {
        count++;
        *whole = (size_t)(++p - c->in);
    }
    return count;
}

static void keep_rest(struct connection *c, size_t whole) {
    c->length -= whole;
    memmove(c->in, c->in + whole, c->length);
}

static void from_far(struct connection *c) {
    size_t whole;
    lines(c, &whole);
    char *start = c->in, *end = c->in + whole;
    while (start < end) {
        struct connection *to = askers[first % room];
        char *stop = start;
        /* What goes to one client leaves in one write. */
        while (stop < end && asked && askers[first % room] == to) {
            stop = (char *)memchr(stop, '\n', (size_t)(end - stop)) + 1;
            first++; asked--; to->waiting--;
        }
        if (!to->gone) send_all(to->fd, start, (size_t)(stop - start));
        release(to);
        start = stop;
    }
    keep_rest(c, whole);
}

/* While the far half takes nothing its replies are read: else both would wait for each other. */
static void send_up(const char *data, size_t length) {
    while (length) {
        ssize_t n = send(upstream->fd, data, length, MSG_NOSIGNAL);
        if (n > 0) { data += n; length -= (size_t)n; continue; }
        if (errno != EAGAIN) return;
        n = read(upstream->fd, upstream->in + upstream->length, BUFFER - upstream->length);
        if (n > 0) { upstream->length += (size_t)n; from_far(upstream); }
    }
}

static void from_client(struct connection *c) {
    size_t whole, count = lines(c, &whole);
    for (size_t i = 0; i < count; i++) askers[(first + asked++) % room] = c;
    c->waiting += count;
    send_up(c->in, whole);
    keep_rest(c, whole);
}

static void answer(struct connection *c) {
    static char out[BUFFER];
    size_t whole, count = lines(c, &whole), length = 0;
    while (count--) {
        memcpy(out + length, reply, reply_length);
        length += reply_length;
        if (length + reply_length > sizeof out) { send_all(c->fd, out, length); length = 0; }
    }
    send_all(c->fd, out, length);
    keep_rest(c, whole);
}

int main(int argc, char **argv) {
    if (argc < 3) return 2;
    int near = strcmp(argv[1], "near") == 0, yes = 1, listener;
    struct sockaddr_un path = {.sun_family = AF_UNIX};
    strncpy(path.sun_path, argv[2], sizeof path.sun_path - 1);
    epoll_fd = epoll_create1(0);
    askers = malloc(room * sizeof *askers);
    if (near) {
        struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t size = sizeof at;
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        if (connect(fd, (struct sockaddr *)&path, sizeof path) < 0) fail("connect");
        fcntl(fd, F_SETFL, O_NONBLOCK);
        upstream = add(fd);
        listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
        if (bind(listener, (struct sockaddr *)&at, sizeof at) < 0 || listen(listener, BACKLOG) < 0) fail("listen");
        getsockname(listener, (struct sockaddr *)&at, &size);
        printf("%d\n", ntohs(at.sin_port));
    } else {
        if (asprintf((char **)&reply, "%s\r\n", argc > 3 ? argv[3] : "OK") < 0) fail("memory");
        reply_length = strlen(reply);
        listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
        if (bind(listener, (struct sockaddr *)&path, sizeof path) < 0 || listen(listener, BACKLOG) < 0) fail("listen");
        printf("0\n");
    }
    fflush(stdout);
    struct connection *door = add(listener), *lifeline = add(0);
    for (;;) {
        struct epoll_event events[256];
        int ready = epoll_wait(epoll_fd, events, 256, -1);
        for (int i = 0; i < ready; i++) {
            struct connection *c = events[i].data.ptr;
            if (c == door) {
                int fd;
                while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
                    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
                    add(fd);
                }
                continue;
            }
            ssize_t n = read(c->fd, c->in + c->length, BUFFER - c->length);
            if (n < 0 && errno == EAGAIN) continue;
            if (n <= 0) {
                if (c == lifeline || c == upstream) return 0;
                close(c->fd);
                c->gone = 1;
                release(c);
                continue;
            }
            c->length += (size_t)n;
            if (c == lifeline) c->length = 0;
            else if (!near) answer(c);
            else if (c == upstream) from_far(c);
            else from_client(c);
        }
    }
}
