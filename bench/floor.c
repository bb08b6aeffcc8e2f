/* Baseline (c): the least a server on this machine can do for such an answer.
 *
 * One thread and epoll; each request head is looked through for its end only, and answered with
 * the same bytes. `floor PORT SIZE` serves until it is killed. It is a yardstick and no server:
 * it takes GET requests without bodies, whole or in pieces, one after the other on a connection.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECTIONS = 4096, HEAD = 16384, EVENTS = 256 };

struct connection {
    char head[HEAD];
    size_t used;
};

static struct connection *connections[CONNECTIONS];

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static int listening(int port)
{
    int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0)
        fail("socket");
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, CONNECTIONS))
        fail("listen");
    return fd;
}

static void watch(int poll, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

    if (epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event))
        fail("epoll_ctl");
}

static void take(int poll, int listener)
{
    int one = 1, fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);

    if (fd < 0)
        return;
    if (fd >= CONNECTIONS) {
        close(fd);
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    connections[fd] = calloc(1, sizeof *connections[fd]);
    if (!connections[fd])
        fail("calloc");
    watch(poll, fd);
}

static void drop(int fd)
{
    free(connections[fd]);
    connections[fd] = NULL;
    close(fd);
}

/* Answer what has come. The answer fits into the socket's buffer, which is 2.5 MiB on loopback. */
static void serve(int fd, const char *answer, size_t size)
{
    struct connection *c = connections[fd];
    ssize_t got = read(fd, c->head + c->used, HEAD - c->used);
    char *end;

    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0) {
        drop(fd);
        return;
    }
    c->used += (size_t)got;
    while ((end = memmem(c->head, c->used, "\r\n\r\n", 4))) {
        size_t taken = (size_t)(end + 4 - c->head);

        if (write(fd, answer, size) != (ssize_t)size) {
            drop(fd);
            return;
        }
        c->used -= taken;
        memmove(c->head, c->head + taken, c->used);
    }
    if (c->used == HEAD)
        drop(fd);
}

int main(int count, char **arguments)
{
    struct epoll_event events[EVENTS];
    int listener, poll, size;
    size_t head;
    char *answer;

    if (count != 3) {
        fprintf(stderr, "usage: floor PORT SIZE\n");
        return 2;
    }
    size = atoi(arguments[2]);
    answer = malloc(256 + (size_t)size);
    if (!answer)
        fail("malloc");
    head = (size_t)sprintf(
        answer, "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n", size);
    memset(answer + head, 'x', (size_t)size);
    listener = listening(atoi(arguments[1]));
    poll = epoll_create1(0);
    watch(poll, listener);
    for (;;) {
        int ready = epoll_wait(poll, events, EVENTS, -1);

        for (int n = 0; n < ready; n++) {
            if (events[n].data.fd == listener)
                take(poll, listener);
            else
                serve(events[n].data.fd, answer, head + (size_t)size);
        }
    }
}
