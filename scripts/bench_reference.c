/* The best that any program can do: a pty that answers OK to each CR, and nothing else. As bench_reference.py. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

int main(void) {
    static char block[65536];
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0) return 1;
    int slave = open(ptsname(master), O_RDWR | O_NOCTTY); /* stays open, else the master hangs up with its DTE */
    struct termios modes;
    if (slave < 0 || tcgetattr(slave, &modes) < 0) return 1;
    cfmakeraw(&modes);
    if (tcsetattr(slave, TCSANOW, &modes) < 0) return 1;
    printf("reference ready on %s\n", ptsname(master));
    fflush(stdout);
    for (;;) {
        ssize_t count = read(master, block, sizeof block);
        if (count <= 0) return 1;
        for (ssize_t i = 0; i < count; i++)
            if (block[i] == '\r' && write(master, "\r\nOK\r\n", 6) != 6) return 1;
    }
}
