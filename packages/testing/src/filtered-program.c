/*
 * A program under filters, for tests that read them from outside. It installs its filters itself, so that what is
 * read does not depend on how callgate installs them.
 *
 *   filtered-program MODE FILTER...      each FILTER is a file with struct sock_filter[], installed in that order
 *
 * The first line that it writes is the pid to be read; it ends when its stdin does.
 *   ticks   a number on every line, ever growing, as proof of progress
 *   thread  a second thread installs one more filter, the last of the list; the line is "PID TID"
 *   strict  seccomp's strict mode instead of filters
 *   vfork   waits uninterruptibly for a child of vfork that waits for stdin to end; then as ticks
 *   signals a process that gets SIGUSR1 again and again, each when the one before has arrived; in the end the line
 *           "sent N arrived N"
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* How long the last signal may take. */
#define PATIENCE_MS 5000

/* How many have arrived, in memory that both processes share; -1 until the victim is ready. */
static volatile int *arrived;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void install(const char *file) {
  static struct sock_filter filter[4096];
  int fd = open(file, O_RDONLY);
  ssize_t size = fd < 0 ? -1 : read(fd, filter, sizeof filter);
  if (size < 0) fail(file);
  close(fd);
  struct sock_fprog program = {.len = size / sizeof *filter, .filter = filter};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) fail("no_new_privs");
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program)) fail("seccomp");
}

static int stdin_has_ended(void) {
  char byte;
  struct pollfd in = {.fd = 0, .events = POLLIN};
  return poll(&in, 1, 0) == 1 && read(0, &byte, 1) <= 0;
}

static void tick(void) {
  for (long n = 0; !stdin_has_ended(); n++) {
    dprintf(1, "%ld\n", n);
    usleep(1000);
  }
  exit(0);
}

static void *other_thread(void *file) {
  install(file);
  dprintf(1, "%d %ld\n", getpid(), syscall(SYS_gettid));
  for (;;) pause();
  return NULL;
}

static void count(int signal) { *arrived += signal == SIGUSR1; }

static void count_signals(void) {
  signal(SIGUSR1, count);
  dprintf(1, "%d\n", getpid());
  *arrived = 0;
  for (;;) pause();
}

/* The next signal is sent when the last has arrived; a lost one ends that, and is missing in the end. */
static void send_signals(pid_t victim) {
  int sent = 0;
  while (!stdin_has_ended())
    if (*arrived == sent) {
      sent++;
      kill(victim, SIGUSR1);
    }
  for (int i = 0; i < PATIENCE_MS && *arrived < sent; i++) usleep(1000);
  dprintf(1, "sent %d arrived %d\n", sent, *arrived);
  kill(victim, SIGKILL);
  waitpid(victim, NULL, 0);
}

int main(int argc, char **argv) {
  const char *mode = argv[1];
  int own = strcmp(mode, "thread") == 0 ? argc - 1 : argc;
  if (strcmp(mode, "signals") == 0) {
    arrived = mmap(NULL, sizeof *arrived, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    *arrived = -1;
    pid_t victim = fork();
    if (victim == 0) {
      if (prctl(PR_SET_PDEATHSIG, SIGKILL)) fail("PR_SET_PDEATHSIG");
      for (int i = 2; i < argc; i++) install(argv[i]);
      count_signals();
    }
    while (*arrived < 0) sched_yield();
    send_signals(victim);
    return 0;
  }
  for (int i = 2; i < own; i++) install(argv[i]);
  if (strcmp(mode, "thread") == 0) {
    pthread_t thread;
    pthread_create(&thread, NULL, other_thread, argv[own]);
    char byte;
    while (read(0, &byte, 1) > 0) {}
    return 0;
  }
  dprintf(1, "%d\n", getpid());
  if (strcmp(mode, "strict") == 0) {
    char byte;
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT)) fail("strict mode");
    while (read(0, &byte, 1) > 0) {}
    syscall(SYS_exit, 0);
  }
  if (strcmp(mode, "vfork") == 0 && vfork() == 0) {
    char byte;
    while (read(0, &byte, 1) > 0 && byte != '\n') {}
    _exit(0);
  }
  tick();
}
