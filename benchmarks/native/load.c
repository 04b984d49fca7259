/* The load: clients that ask, check every reply, and time it; in C, so that it is not the limit.
 *
 *   load PORT keep|each CLIENTS DEPTH SECONDS COMMANDS
 *
 * COMMANDS is a file of lines "command TAB reply". With "keep" each client keeps one connection and
 * DEPTH commands in flight on it, and the clock starts when each client has had one reply: until then
 * the server takes connections. With "each" it connects anew for each command. Every client walks
 * through the file from a place of its own. Ends with one line of JSON, or with status 3 and a line
 * on the standard error for a reply that is not the command's.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MOST_SAMPLES 4000000
#define BUFFER 65536
#define PATIENCE_MS 10000

struct command { char *line; size_t length; char *reply; size_t reply_length; };
struct asked { size_t command; double at; };

struct client {
    int fd, connecting;
    size_t next;               /* the command to ask next */
    struct asked *ring;        /* those in flight, oldest first */
    size_t first, in_flight;
    char *received;            /* of a reply whose end has not come */
    size_t length;
};

static struct command *commands;
static size_t command_count, depth, answered;
static int each, epoll_fd;
static struct sockaddr_in server;
static double stop;
static float *samples;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void fail(const char *what) {
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(2);
}

static void read_commands(const char *path) {
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t room = 0, most = 0;
    ssize_t length;
    if (file == NULL) fail(path);
    while ((length = getline(&line, &room, file)) > 0) {
        char *tab = strchr(line, '\t');
        if (tab == NULL) continue;
        if (line[length - 1] == '\n') line[--length] = 0;
        if (command_count == most) {
            most = most ? 2 * most : 128;
            commands = realloc(commands, most * sizeof *commands);
            if (commands == NULL) fail("memory");
        }
        struct command *c = &commands[command_count++];
        c->reply = strdup(tab + 1);
        c->reply_length = strlen(c->reply);
        *tab = 0;
        c->length = (size_t)asprintf(&c->line, "%s\r\n", line);
    }
    free(line);
    fclose(file);
    if (command_count == 0) { errno = EINVAL; fail("no commands"); }
}

static void watch(struct client *c, uint32_t events, int how) {
    struct epoll_event event = {.events = events, .data.ptr = c};
    if (epoll_ctl(epoll_fd, how, c->fd, &event) < 0) fail("epoll_ctl");
}

static void connect_client(struct client *c, int wait) {
    int yes = 1;
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (c->fd < 0) fail("socket");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (!wait) fcntl(c->fd, F_SETFL, O_NONBLOCK);
    if (connect(c->fd, (struct sockaddr *)&server, sizeof server) < 0 && errno != EINPROGRESS)
        fail("connect");
    if (wait) fcntl(c->fd, F_SETFL, O_NONBLOCK);
    c->connecting = !wait;
    c->length = 0;
    watch(c, wait ? EPOLLIN : EPOLLOUT, EPOLL_CTL_ADD);
}

/* Ask so many commands, in one write. */
static void ask(struct client *c, size_t count, double at) {
    static char out[1 << 20];
    size_t length = 0;
    while (count-- && length + commands[c->next].length < sizeof out) {
        struct command *command = &commands[c->next];
        memcpy(out + length, command->line, command->length);
        length += command->length;
        c->ring[(c->first + c->in_flight++) % depth] = (struct asked){c->next, at};
        c->next = (c->next + 1) % command_count;
    }
    for (size_t sent = 0; sent < length;) {
        ssize_t n = write(c->fd, out + sent, length - sent);
        if (n > 0) sent += (size_t)n;
        else if (errno != EAGAIN) fail("write");
    }
}

static void check(struct client *c, const char *reply, size_t length, double at) {
    struct asked *asked = &c->ring[c->first];
    struct command *command = &commands[asked->command];
    if (c->in_flight == 0 || length != command->reply_length || memcmp(reply, command->reply, length)) {
        fprintf(stderr, "load: %.*s answers %.*s\n", (int)length, reply,
                c->in_flight ? (int)command->length - 2 : 7, c->in_flight ? command->line : "nothing");
        exit(3);
    }
    if (answered < MOST_SAMPLES) samples[answered] = (float)(at - asked->at);
    answered++;
    c->first = (c->first + 1) % depth;
    c->in_flight--;
}

/* Take what has come apart into replies; how many there were. */
static size_t take(struct client *c, double at) {
    char *start = c->received, *end = c->received + c->length, *line;
    size_t count = 0;
    while ((line = memchr(start, '\n', (size_t)(end - start))) != NULL) {
        size_t length = (size_t)(line - start);
        if (length && start[length - 1] == '\r') length--;
        check(c, start, length, at);
        count++;
        start = line + 1;
    }
    c->length = (size_t)(end - start);
    memmove(c->received, start, c->length);
    return count;
}

/* 0 when the client has nothing more to do. */
static int receive(struct client *c, double *begun) {
    ssize_t n = read(c->fd, c->received + c->length, BUFFER - c->length);
    if (n == 0) { errno = ECONNRESET; fail("the server closed the connection"); }
    if (n < 0) { if (errno == EAGAIN) return 1; fail("read"); }
    c->length += (size_t)n;
    double at = now();
    size_t replies = take(c, at);
    if (replies == 0) return 1;
    if (each) {
        epoll_ctl(epoll_fd, EPOLL_CTL_DEL, c->fd, NULL);
        close(c->fd);
        if (at >= stop) return 0;
        *begun = now();
        connect_client(c, 0);
        return 1;
    }
    if (at < stop) ask(c, replies, now());
    return c->in_flight > 0;
}

/* One command and its reply, before the clock starts. */
static void greet(struct client *c) {
    ask(c, 1, now());
    while (c->in_flight) {
        struct pollfd waited = {.fd = c->fd, .events = POLLIN};
        if (poll(&waited, 1, PATIENCE_MS) == 0) { errno = ETIMEDOUT; fail("no first reply"); }
        receive(c, NULL);
    }
}

static int smaller(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv) {
    if (argc != 7) { fprintf(stderr, "load PORT keep|each CLIENTS DEPTH SECONDS COMMANDS\n"); return 2; }
    size_t count = strtoul(argv[3], NULL, 10), left = count;
    each = strcmp(argv[2], "each") == 0;
    depth = each ? 1 : strtoul(argv[4], NULL, 10);
    server.sin_family = AF_INET;
    server.sin_port = htons((uint16_t)atoi(argv[1]));
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    read_commands(argv[6]);
    samples = malloc(MOST_SAMPLES * sizeof *samples);
    struct client *clients = calloc(count, sizeof *clients);
    double *begun = calloc(count, sizeof *begun);
    epoll_fd = epoll_create1(0);
    if (samples == NULL || clients == NULL || begun == NULL || epoll_fd < 0) fail("start");
    for (size_t i = 0; i < count; i++) {
        clients[i].ring = calloc(depth, sizeof(struct asked));
        clients[i].received = malloc(BUFFER);
        clients[i].next = i * command_count / count;
        if (!each) connect_client(&clients[i], 1);
    }
    for (size_t i = 0; !each && i < count; i++) greet(&clients[i]);
    answered = 0;
    double start = now();
    stop = start + atof(argv[5]);
    for (size_t i = 0; i < count; i++) {
        begun[i] = now();
        if (each) connect_client(&clients[i], 0);
        else ask(&clients[i], depth, begun[i]);
    }
    while (left > 0) {
        struct epoll_event events[256];
        int ready = epoll_wait(epoll_fd, events, 256, PATIENCE_MS);
        if (ready == 0) { errno = ETIMEDOUT; fail("no reply"); }
        for (int i = 0; i < ready; i++) {
            struct client *c = events[i].data.ptr;
            if (c->connecting) {
                c->connecting = 0;
                watch(c, EPOLLIN, EPOLL_CTL_MOD);
                ask(c, 1, begun[c - clients]);
            } else if (!receive(c, &begun[c - clients])) left--;
        }
    }
    double seconds = now() - start;
    size_t kept = answered < MOST_SAMPLES ? answered : MOST_SAMPLES;
    qsort(samples, kept, sizeof *samples, smaller);
    printf("{\"count\": %zu, \"rate\": %.1f, \"p50\": %.9f, \"p99\": %.9f}\n", answered,
           (double)answered / seconds, samples[kept / 2], samples[kept * 99 / 100]);
    return 0;
}
