/* A DTE that waits for each answer and says how long it took: bench_client PORT WARM COUNT COMMAND END
 *
 * Writes COMMAND to PORT, WARM and then COUNT times, and each time reads until END has come. Prints COUNT lines: the
 * nanoseconds of each round trip. Exit status 1 and one line on stderr when the port fails or nothing comes for 10 s.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 10000

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static long long now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void wait_for(int port, short events) {
    struct pollfd poll_port = {.fd = port, .events = events};
    int ready = poll(&poll_port, 1, PATIENCE_MS);
    if (ready < 0) fail("poll");
    if (ready == 0) {
        fprintf(stderr, "the port is silent\n");
        exit(1);
    }
}

static void round_trip(int port, const char *command, size_t length, const char *end, size_t end_length) {
    static char answer[1 << 16];
    size_t have = 0;
    for (size_t written = 0; written < length;) {
        ssize_t count = write(port, command + written, length - written);
        if (count < 0) fail("write");
        written += (size_t)count;
    }
    while (have < end_length || memcmp(answer + have - end_length, end, end_length) != 0) {
        if (have == sizeof answer) {
            fprintf(stderr, "an answer without end\n");
            exit(1);
        }
        wait_for(port, POLLIN);
        ssize_t count = read(port, answer + have, sizeof answer - have);
        if (count <= 0) fail("read");
        have += (size_t)count;
    }
}

int main(int argc, char **argv) {
    if (argc != 6) {
        fprintf(stderr, "usage: bench_client PORT WARM COUNT COMMAND END\n");
        return 2;
    }
    int port = open(argv[1], O_RDWR | O_NOCTTY);
    if (port < 0) fail(argv[1]);
    struct termios modes;
    if (tcgetattr(port, &modes) < 0) fail("tcgetattr");
    cfmakeraw(&modes);
    if (tcsetattr(port, TCSANOW, &modes) < 0) fail("tcsetattr");
    long warm = atol(argv[2]), count = atol(argv[3]);
    size_t length = strlen(argv[4]), end_length = strlen(argv[5]);
    long long *taken = calloc((size_t)count, sizeof *taken);
    if (taken == NULL) fail("calloc");
    for (long turn = -warm; turn < count; turn++) {
        long long began = now();
        round_trip(port, argv[4], length, argv[5], end_length);
        if (turn >= 0) taken[turn] = now() - began;
    }
    for (long turn = 0; turn < count; turn++) printf("%lld\n", taken[turn]);
    return 0;
}
