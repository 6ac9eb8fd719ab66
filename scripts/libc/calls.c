/*
 * What a C library calls for its own functions: `calls TOPIC` uses those of one topic, `calls` prints the topics.
 * Nothing here is newer than glibc 2.31 and musl 1.2.2; what is newer is asked for by name when the program runs.
 * Results do not matter, only which system calls were made.
 */
#define _GNU_SOURCE
#include <aio.h>
#include <arpa/inet.h>
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <grp.h>
#include <iconv.h>
#include <locale.h>
#include <mqueue.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <pwd.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/sendfile.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/times.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>

extern char **environ;
static char *self;
static char *const child[] = {"calls", "start", NULL};
static char buffer[64];

static void start(void) {}

static void allocate(void) {
    free(malloc(100));
    free(malloc(1 << 20));
    free(realloc(calloc(10, 10), 1 << 21));
}

static void stat_family(void) {
    struct stat s;
    stat("file", &s);
    lstat("file", &s);
    fstat(0, &s);
}
static void stat_at(void) {
    struct stat s;
    fstatat(AT_FDCWD, "file", &s, 0);
    fstatat(0, "", &s, AT_EMPTY_PATH);
}
static void access_plain(void) { access("file", R_OK); }
static void access_at(void) { faccessat(AT_FDCWD, "file", R_OK, 0); }
static void access_flags(void) {
    faccessat(AT_FDCWD, "file", R_OK, AT_EACCESS);
    faccessat(AT_FDCWD, "file", R_OK, AT_SYMLINK_NOFOLLOW);
    euidaccess("file", R_OK);
}

static void files(void) {
    struct statvfs v;
    int fd = open("made", O_RDWR | O_CREAT, 0600), other = openat(AT_FDCWD, "made", O_RDONLY);
    write(fd, "abc", 3);
    lseek(fd, 0, SEEK_SET);
    read(fd, buffer, 1);
    readv(fd, &(struct iovec){buffer, 1}, 1);
    pread(fd, buffer, 1, 0);
    ftruncate(fd, 2);
    fsync(fd);
    fcntl(fd, F_GETFL);
    lockf(fd, F_LOCK, 0);
    posix_fallocate(fd, 0, 10);
    dup2(dup(fd), 77);
    sendfile(fd, other, NULL, 1);
    statvfs("made", &v);
    close(creat("made", 0600));
    close(fd);
    close(other);
    unlink("made");
}
static void write_at(void) {
    int fd = open("made", O_RDWR | O_CREAT, 0600);
    pwrite(fd, "abc", 3, 0);
    pwritev(fd, &(struct iovec){buffer, 1}, 1, 0);
}
static void names(void) {
    mkdir("folder", 0700);
    symlink("file", "symbolic");
    link("file", "hard");
    readlink("symbolic", buffer, sizeof buffer);
    rename("hard", "renamed");
    renameat(AT_FDCWD, "renamed", AT_FDCWD, "hard");
    unlink("hard");
    unlinkat(AT_FDCWD, "symbolic", 0);
    rmdir("folder");
    remove("folder");
    truncate("file", 3);
    chown("file", 0, 0);
    lchown("file", 0, 0);
    umask(022);
}
static void whole_path(void) { free(realpath("./file", NULL)); }
static void modes(void) {
    chmod("file", 0600);
    fchmodat(AT_FDCWD, "file", 0600, 0);
}
static void modes_flags(void) {
    fchmodat(AT_FDCWD, "file", 0600, AT_SYMLINK_NOFOLLOW);
    lchmod("file", 0600);
}
static void nodes(void) {
    mkfifo("fifo", 0600);
    mknod("node", S_IFREG | 0600, 0);
    unlink("fifo");
    unlink("node");
}
static void temporary(void) {
    char file[] = "tXXXXXX", folder[] = "dXXXXXX";
    close(mkstemp(file));
    mkdtemp(folder);
    unlink(file);
    rmdir(folder);
    fclose(tmpfile());
}
static void temporary_name(void) { free(tempnam(".", "n")); }
static void folders(void) {
    free(getcwd(NULL, 0));
    DIR *dir = opendir(".");
    while (readdir(dir)) {}
    closedir(dir);
    chdir(".");
}
static int visit(const char *path, const struct stat *s, int type, struct FTW *where) {
    (void)path, (void)s, (void)type, (void)where;
    return 0;
}
static void trees(void) {
    glob_t found;
    struct dirent **list;
    if (glob("./*", 0, NULL, &found) == 0) globfree(&found);
    nftw(".", visit, 5, FTW_PHYS);
    scandir(".", &list, NULL, alphasort);
}
static void streams(void) {
    FILE *f = fopen("file", "r");
    fgetc(f);
    fclose(f);
    f = fopen("written", "w");
    fputs("text", f);
    fclose(f);
}
static void printing(void) {
    puts("text");
    fflush(stdout);
}

static void *nothing(void *argument) { return argument; }
static void threads(void) {
    pthread_t thread;
    pthread_create(&thread, NULL, nothing, NULL);
    pthread_join(thread, NULL);
}
static pthread_barrier_t barrier;
static void *allocates(void *argument) {
    free(malloc(1000));
    pthread_barrier_wait(&barrier);
    return argument;
}
static void threads_many(void) {
    pthread_t all[40];
    pthread_barrier_init(&barrier, NULL, 40);
    for (int i = 0; i < 40; i++) pthread_create(&all[i], NULL, allocates, NULL);
    for (int i = 0; i < 40; i++) pthread_join(all[i], NULL);
}
static void thread_ids(void) {
    cpu_set_t set;
    pthread_getaffinity_np(pthread_self(), sizeof set, &set);
    pthread_setname_np(pthread_self(), "named");
    pthread_kill(pthread_self(), 0);
    sched_yield();
    sysconf(_SC_NPROCESSORS_ONLN);
}
static void *waits(void *argument) {
    pause();
    return argument;
}
static void threads_cancelled(void) {
    pthread_t thread;
    pthread_create(&thread, NULL, waits, NULL);
    pthread_cancel(thread);
    pthread_join(thread, NULL);
}
static void threads_setuid(void) {
    pthread_t thread;
    pthread_create(&thread, NULL, waits, NULL);
    setuid(0);
}
static void asynchronous(void) {
    struct aiocb block = {.aio_fildes = open("file", O_RDONLY), .aio_buf = buffer, .aio_nbytes = 1};
    const struct aiocb *list[] = {&block};
    aio_read(&block);
    aio_suspend(list, 1, NULL);
}
static void locks(void) {
    struct timespec soon = {0, 1000};
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
    pthread_mutex_lock(&mutex);
    pthread_cond_timedwait(&condition, &mutex, &soon);
    pthread_cond_signal(&condition);
    pthread_mutex_unlock(&mutex);
    sem_t semaphore;
    sem_init(&semaphore, 0, 1);
    sem_wait(&semaphore);
    sem_post(&semaphore);
    sem_t *named = sem_open("/callgate-measured", O_CREAT, 0600, 1);
    sem_wait(named);
    sem_close(named);
    sem_unlink("/callgate-measured");
}

static void fork_plain(void) {
    pid_t pid = fork();
    if (pid == 0) _exit(0);
    waitpid(pid, NULL, 0);
}
static void fork_exec(void) {
    pid_t pid = vfork();
    if (pid == 0) {
        execv(self, child);
        _exit(1);
    }
    wait4(pid, NULL, 0, NULL);
}
static void fork_fexecve(void) {
    int fd = open(self, O_RDONLY);
    pid_t pid = fork();
    if (pid == 0) {
        fexecve(fd, child, environ);
        _exit(1);
    }
    waitpid(pid, NULL, 0);
}
static void spawn(void) {
    pid_t pid;
    posix_spawn(&pid, self, NULL, NULL, child, environ);
    waitpid(pid, NULL, 0);
}
static void shell(void) { system(":"); }
static void shell_pipe(void) {
    FILE *pipe = popen(":", "r");
    fgetc(pipe);
    pclose(pipe);
}
static void close_many(void) {
    void (*from)(int) = (void (*)(int))dlsym(RTLD_DEFAULT, "closefrom");
    if (from) from(50);
}

static void caught(int number) { (void)number; }
static void signals(void) {
    sigset_t set;
    struct timespec soon = {0, 1000};
    signal(SIGUSR1, caught);
    kill(getpid(), SIGUSR1);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, NULL);
    sigtimedwait(&set, NULL, &soon);
    sigpending(&set);
}
static void raising(void) {
    signal(SIGUSR1, caught);
    raise(SIGUSR1);
}
static void aborting(void) {
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    abort();
}

static void pipes(void) {
    int ends[2];
    pipe(ends);
}
static void polling(void) {
    struct timespec soon = {0, 1000};
    struct pollfd one = {0, POLLIN, 0};
    poll(&one, 1, 1);
    ppoll(&one, 1, &soon, NULL);
}
static void selecting(void) {
    struct timeval soon = {0, 1000};
    select(0, NULL, NULL, NULL, &soon);
}
static void selecting_masked(void) {
    struct timespec soon = {0, 1000};
    pselect(0, NULL, NULL, NULL, &soon, NULL);
}
static void epolls(void) {
    struct epoll_event event = {EPOLLIN, {0}};
    int fd = epoll_create1(0), number = eventfd(1, 0);
    epoll_ctl(fd, EPOLL_CTL_ADD, number, &event);
    epoll_wait(fd, &event, 1, 1);
    epoll_pwait(fd, &event, 1, 1, NULL);
    epoll_create(1);
    inotify_init();
}

static void clocks(void) {
    struct timespec t;
    struct timeval v;
    struct tms tms;
    time(NULL);
    gettimeofday(&v, NULL);
    clock_gettime(CLOCK_MONOTONIC, &t);
    clock_getres(CLOCK_MONOTONIC, &t);
    clock();
    times(&tms);
    time_t now = 0;
    localtime(&now);
}
static void sleeping(void) {
    struct timespec soon = {0, 1000};
    nanosleep(&soon, NULL);
    usleep(1);
    clock_nanosleep(CLOCK_REALTIME, 0, &soon, NULL);
}
static void timers(void) {
    struct itimerval off = {{0, 0}, {0, 0}};
    struct itimerspec never = {{0, 0}, {0, 0}};
    timer_t timer;
    alarm(0);
    setitimer(ITIMER_REAL, &off, NULL);
    timer_create(CLOCK_MONOTONIC, NULL, &timer);
    timer_settime(timer, 0, &never, NULL);
    timer_delete(timer);
    timerfd_settime(timerfd_create(CLOCK_MONOTONIC, 0), 0, &never, NULL);
}
static void file_times(void) {
    struct timeval times[2] = {{1, 0}, {1, 0}};
    utime("file", NULL);
    utimes("file", times);
    futimesat(AT_FDCWD, "file", times);
}
static void file_times_at(void) {
    struct timespec times[2] = {{1, 0}, {1, 0}};
    utimensat(AT_FDCWD, "file", times, 0);
    futimens(0, times);
}
static void randomness(void) {
    getrandom(buffer, 8, 0);
    getentropy(buffer, 8);
}
static void randomness_own(void) {
    unsigned (*own)(void) = (unsigned (*)(void))dlsym(RTLD_DEFAULT, "arc4random");
    if (own) own();
}

static void sockets(void) {
    int pair[2], yes = 1;
    struct iovec part = {buffer, 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    send(pair[0], "ab", 2, 0);
    recv(pair[1], buffer, 1, 0);
    sendmsg(pair[0], &message, 0);
    recvmsg(pair[1], &message, 0);
    int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    bind(listener, (struct sockaddr *)&address, size);
    listen(listener, 1);
    getsockname(listener, (struct sockaddr *)&address, &size);
    connect(client, (struct sockaddr *)&address, size);
    close(accept(listener, NULL, NULL));
    accept4(socket(AF_INET, SOCK_STREAM, 0), NULL, NULL, 0);
    sendto(client, "a", 1, MSG_NOSIGNAL, NULL, 0);
    recvfrom(client, buffer, 1, MSG_DONTWAIT, NULL, NULL);
    shutdown(client, SHUT_RDWR);
}
static void lookups(void) {
    struct addrinfo *found;
    if (getaddrinfo("localhost", "80", NULL, &found) == 0) freeaddrinfo(found);
    gethostname(buffer, sizeof buffer);
}
static void lookups_remote(void) {
    struct addrinfo *found;
    if (getaddrinfo("callgate.invalid", "80", NULL, &found) == 0) freeaddrinfo(found);
}
static void logging(void) { syslog(LOG_INFO, "measured"); }
static void accounts(void) {
    getpwnam("root");
    getgrgid(0);
    getuid();
    setgid(0);
    setuid(0);
    setgroups(0, NULL);
}

static void memory(void) {
    char *at = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(at, 4096, PROT_READ);
    madvise(at, 4096, MADV_DONTNEED);
    msync(at, 4096, MS_ASYNC);
    mlock(at, 4096);
    at = mremap(at, 8192, 16384, MREMAP_MAYMOVE);
    munmap(at, 16384);
    sbrk(4096);
}
static void shared(void) {
    close(shm_open("/callgate-measured", O_RDWR | O_CREAT, 0600));
    shm_unlink("/callgate-measured");
    int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
    shmdt(shmat(id, NULL, 0));
    shmctl(id, IPC_RMID, NULL);
}
static void queues(void) {
    int id = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
    semop(id, &(struct sembuf){0, 1, 0}, 1);
    semctl(id, 0, IPC_RMID);
    id = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
    msgsnd(id, &(struct { long type; char text[1]; }){1, "a"}, 1, 0);
    msgctl(id, IPC_RMID, NULL);
    mqd_t queue = mq_open("/callgate-measured", O_RDWR | O_CREAT, 0600, NULL);
    mq_send(queue, "a", 1, 0);
    mq_close(queue);
    mq_unlink("/callgate-measured");
}
static void libraries(void) {
    void *library = dlopen("./tiny.so", RTLD_NOW);
    dlsym(library, "tiny");
    dlclose(library);
}
static void limits(void) {
    struct rlimit limit;
    struct rusage usage;
    getrlimit(RLIMIT_NOFILE, &limit);
    setrlimit(RLIMIT_NOFILE, &limit);
    getrusage(RUSAGE_SELF, &usage);
    getpriority(PRIO_PROCESS, 0);
    nice(0);
    getpgrp();
    setsid();
}
static void machine(void) {
    sysconf(_SC_PHYS_PAGES);
    sysconf(_SC_AVPHYS_PAGES);
    sysconf(_SC_NPROCESSORS_CONF);
    sysconf(_SC_OPEN_MAX);
}
static int by_byte(const void *a, const void *b) { return *(const char *)a - *(const char *)b; }
static void sorting(void) {
    static char many[100000];
    qsort(many, sizeof many, 1, by_byte);
}
static void languages(void) {
    setlocale(LC_ALL, "C.UTF-8");
    iconv_close(iconv_open("UTF-8", "ISO-8859-1"));
}
static void terminals(void) {
    isatty(0);
    int fd = posix_openpt(O_RDWR | O_NOCTTY);
    grantpt(fd);
    unlockpt(fd);
    isatty(open(ptsname(fd), O_RDWR | O_NOCTTY));
    ttyname(fd);
}

static const struct {
    const char *name;
    void (*use)(void);
} TOPICS[] = {
    {"start", start}, {"malloc", allocate}, {"stat-lstat-fstat", stat_family}, {"fstatat", stat_at},
    {"access", access_plain}, {"faccessat", access_at}, {"faccessat-flags", access_flags}, {"files", files},
    {"pwrite-pwritev", write_at}, {"names", names}, {"realpath", whole_path}, {"chmod-fchmodat", modes},
    {"fchmodat-flags", modes_flags}, {"mknod-mkfifo", nodes}, {"mkstemp-mkdtemp", temporary},
    {"tempnam", temporary_name}, {"getcwd-opendir", folders}, {"glob-nftw-scandir", trees}, {"fopen-fclose", streams}, {"puts", printing},
    {"pthread-create", threads}, {"pthread-create-40", threads_many}, {"pthread-other", thread_ids},
    {"pthread-cancel", threads_cancelled}, {"pthread-setuid", threads_setuid},
    {"aio", asynchronous}, {"mutex-semaphore", locks}, {"fork", fork_plain}, {"vfork-execv", fork_exec}, {"fexecve", fork_fexecve}, {"posix-spawn", spawn},
    {"system", shell}, {"popen", shell_pipe}, {"closefrom", close_many}, {"signals", signals},
    {"raise", raising}, {"abort", aborting}, {"pipe", pipes}, {"poll-ppoll", polling}, {"select", selecting},
    {"pselect", selecting_masked}, {"epoll", epolls}, {"clocks", clocks}, {"sleep", sleeping},
    {"timers", timers}, {"utime-utimes", file_times}, {"utimensat", file_times_at},
    {"getrandom", randomness}, {"arc4random", randomness_own}, {"sockets", sockets},
    {"getaddrinfo", lookups}, {"getaddrinfo-dns", lookups_remote}, {"syslog", logging}, {"accounts", accounts}, {"memory", memory}, {"shm", shared},
    {"queues", queues}, {"dlopen", libraries}, {"sysconf", machine}, {"qsort", sorting}, {"setlocale-iconv", languages}, {"limits", limits}, {"terminals", terminals},
};

int main(int count, char **arguments) {
    self = arguments[0];
    for (size_t i = 0; i < sizeof TOPICS / sizeof *TOPICS; i++)
        if (count < 2)
            puts(TOPICS[i].name);
        else if (strcmp(arguments[1], TOPICS[i].name) == 0) {
            TOPICS[i].use();
            return 0;
        }
    return count < 2 ? 0 : 2;
}
