/*
 * A program that makes calls which its own filter denies, for tests and measurements of what sees denials.
 *
 *   denied-program LOG RATE COUNT [LATER]
 *
 * LOG 1: with SECCOMP_FILTER_FLAG_LOG. It makes COUNT calls of mkdirat, RATE a second, which return EPERM, and, LATER seconds after
 * that, one more. Its only line is how many of them were denied.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static struct sock_filter filter[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mkdirat, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};

static long denied;

static void call(void) {
  if (syscall(SYS_mkdirat, -1, "", 0) == -1 && errno == EPERM) denied++;
}

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  int log = atoi(argv[1]);
  long rate = atol(argv[2]), count = atol(argv[3]);
  struct sock_fprog program = {.len = sizeof filter / sizeof *filter, .filter = filter};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) return 1;
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, log ? SECCOMP_FILTER_FLAG_LOG : 0, &program)) return 1;
  struct timespec next;
  clock_gettime(CLOCK_MONOTONIC, &next);
  for (long i = 0; i < count; i++) {
    call();
    next.tv_nsec += 1000000000 / rate;
    if (next.tv_nsec >= 1000000000) {
      next.tv_nsec -= 1000000000;
      next.tv_sec++;
    }
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
  }
  if (argc > 4) {
    sleep(atoi(argv[4]));
    call();
  }
  printf("%ld\n", denied);
  return 0;
}
