/* bench_bulk SOURCE SINK BYTES: pushes a pattern into one descriptor and checks what comes out of the other.
   Prints the nanoseconds from the first byte pushed to the last one checked; exit 1 at the first wrong byte. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PERIOD = 4099, BLOCK = 65536, PATIENCE_MS = 20000 };

static unsigned char pattern[PERIOD + BLOCK];

static uint64_t clock_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int ready(int fd, short events) {
    struct pollfd one = {fd, events, 0};
    return poll(&one, 1, PATIENCE_MS) > 0;
}

static int push(int fd, uint64_t total) {
    for (uint64_t done = 0; done < total;) {
        size_t want = total - done < BLOCK ? (size_t)(total - done) : BLOCK;
        ssize_t count = write(fd, pattern + done % PERIOD, want);
        if (count > 0) done += (uint64_t)count;
        else if (errno != EAGAIN || !ready(fd, POLLOUT)) return 1;
    }
    return 0;
}

static int check(int fd, uint64_t total) {
    static unsigned char block[BLOCK];
    for (uint64_t done = 0; done < total;) {
        ssize_t count = read(fd, block, sizeof block);
        if (count < 0 && errno == EAGAIN && ready(fd, POLLIN)) continue;
        if (count <= 0 || memcmp(block, pattern + done % PERIOD, (size_t)count) != 0) {
            fprintf(stderr, "wrong or missing byte near %llu\n", (unsigned long long)done);
            return 1;
        }
        done += (uint64_t)count;
    }
    return 0;
}

int main(int argc, char **argv) {
    if (argc != 4) return 2;
    uint64_t total = strtoull(argv[3], NULL, 10);
    /* 0x40-0x7f: nothing that a line discipline or a module would take for a command */
    for (size_t i = 0; i < sizeof pattern; i++) pattern[i] = (unsigned char)(0x40 + (i % PERIOD * 7 + i % PERIOD / 64) % 64);
    uint64_t began = clock_ns();
    pid_t pusher = fork();
    if (pusher < 0) return 2;
    if (pusher == 0) _exit(push(atoi(argv[1]), total));
    int wrong = check(atoi(argv[2]), total), status = 0;
    uint64_t ended = clock_ns();
    if (wrong) kill(pusher, SIGKILL);
    waitpid(pusher, &status, 0);
    if (wrong || status != 0) return 1;
    printf("%llu\n", (unsigned long long)(ended - began));
    return 0;
}
