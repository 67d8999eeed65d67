// Counts what a process does to the world, and ends or disturbs it at the operation that it is told to.
//
// Loaded with LD_PRELOAD into the real program, so that no line of the program knows of it. A point is one call that
// others can see the effect of: a write, a sync, a rename, a removal, a folder, the start of a program, a read of what
// an agent has said. Consecutive writes to one file without a sync or another point between them are one point: what
// a kill among them leaves is a torn write, and that has a mode of its own.
//
// POINTS_WHO      whose points count: `driver`, `shim` or `git`; processes of others are left alone
// POINTS_COUNTER  a file of 8 bytes that all counting processes share
// POINTS_LOG      a file that gets a line for each point: its number, its kind, what it is about
// POINTS_AT       the point at which something happens; 0 or absent: none
// POINTS_DO       what: `before` or `after` (SIGKILL just before, or just after the call), `torn` (half of the write,
//                 then SIGKILL), `short` (half of the write, once), `full`, `readonly` (every write fails from there
//                 on), `sync` (every sync fails from there on), `once` (this one call fails with EIO),
//                 `clock:SECONDS` (the clock jumps)
//
// Calls that the program makes without the C library (locks on files, named pipes) are not seen.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum deed { NOTHING, BEFORE, AFTER, TORN, SHORT, FULL, READONLY, SYNC, ONCE, CLOCK };
enum verdict { GO, FAIL, HALF };

static pid_t counted;  // the process whose points count: not its forked children
static _Atomic uint64_t *counter;
static int log_fd = -1;
static uint64_t at;
static enum deed deed;
static int64_t jump;
static atomic_int reached;
static _Atomic uint64_t last_file;  // the file of the last write, if nothing else happened since

#define REAL(name) \
    static __typeof__(&name) real; \
    if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

static const char *base(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static int is_counted(const char *who) {
    static char line[4096];
    int fd = syscall(SYS_openat, AT_FDCWD, "/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    ssize_t length = syscall(SYS_read, fd, line, sizeof line - 1);
    syscall(SYS_close, fd);
    if (length <= 0) return 0;
    line[length] = 0;
    const char *program = base(line);
    const char *first = line + strlen(line) + 1;
    if (!strcmp(who, "git")) return !strcmp(program, "git");
    if (strcmp(program, "coordinate")) return 0;
    int is_shim = first < line + length && (!strcmp(first, "attempt-shim") || !strcmp(first, "agent-bridge"));
    return !strcmp(who, "shim") ? is_shim : !is_shim;
}

static enum deed deed_of(const char *text) {
    static const char *names[] = {"", "before", "after", "torn", "short", "full", "readonly", "sync", "once"};
    for (int i = 1; i < 9; i++)
        if (!strcmp(text, names[i])) return (enum deed)i;
    if (!strncmp(text, "clock:", 6)) {
        jump = atoll(text + 6);
        return CLOCK;
    }
    return NOTHING;
}

__attribute__((constructor)) static void begin(void) {
    const char *who = getenv("POINTS_WHO"), *shared = getenv("POINTS_COUNTER"), *log = getenv("POINTS_LOG");
    if (!who || !shared || !log || !is_counted(who)) return;
    int fd = syscall(SYS_openat, AT_FDCWD, shared, O_RDWR | O_CLOEXEC);
    if (fd < 0) return;
    void *memory = mmap(NULL, 8, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    syscall(SYS_close, fd);
    if (memory == MAP_FAILED) return;
    counter = memory;
    log_fd = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    const char *number = getenv("POINTS_AT"), *what = getenv("POINTS_DO");
    at = number ? strtoull(number, NULL, 10) : 0;
    deed = what ? deed_of(what) : NOTHING;
    counted = getpid();
}

static void die(void) {
    syscall(SYS_kill, counted, SIGKILL);
    for (;;) pause();
}

static int counts(void) { return counted && counted == syscall(SYS_getpid); }

// One point. Says whether the call is to be made; `mine` is set where it is the one at which something happens.
static enum verdict point(const char *kind, const char *what, int writes, int syncs, int *mine) {
    *mine = 0;
    int before = errno;
    uint64_t number = atomic_fetch_add(counter, 1) + 1;
    char line[600];
    int length = snprintf(line, sizeof line, "%llu\t%s\t%.500s\n", (unsigned long long)number, kind, what);
    syscall(SYS_write, log_fd, line, length);
    errno = before;
    if (!at) return GO;
    if (number == at) {
        *mine = 1;
        reached = 1;
        if (deed == BEFORE) die();
        if (deed == ONCE && (writes || syncs)) {
            errno = EIO;
            return FAIL;
        }
        if ((deed == SHORT || deed == TORN) && writes) return HALF;
    }
    if (reached && writes && (deed == FULL || deed == READONLY)) {
        errno = deed == FULL ? ENOSPC : EROFS;
        return FAIL;
    }
    if (reached && syncs && deed == SYNC) {
        errno = EIO;
        return FAIL;
    }
    return GO;
}

static void done(int mine) {
    if (mine && (deed == AFTER || deed == TORN)) die();
}

static const char *name_of(int fd, char *room, size_t size) {
    char link[32];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, room, size - 1);
    room[length < 0 ? 0 : length] = 0;
    return room;
}

static int ends(const char *text, const char *end) {
    size_t a = strlen(text), b = strlen(end);
    return a >= b && !strcmp(text + a - b, end);
}

static uint64_t hash(const char *text) {
    uint64_t sum = 1469598103934665603u;
    for (; *text; text++) sum = (sum ^ (unsigned char)*text) * 1099511628211u;
    return sum | 1;
}

static int in_memory(const char *name) {
    return ends(name, ".queue") || ends(name, ".turn") || ends(name, "-shm") || !strncmp(name, "/proc/", 6) ||
           !strncmp(name, "/dev/", 5) || strstr(name, "eventfd");
}

// What lies in the folder of an attempt is what its supervisor and its agent are told.
static int is_told(const char *name) { return strstr(name, "/attempts/") != NULL; }

// What a write to this file is, or none if nobody goes by it: the program's log and its words for people.
static const char *kind_of_write(int fd, const char *name) {
    struct stat about;
    if (fd == 2 || fstat(fd, &about) || in_memory(name) || ends(name, ".log")) return NULL;
    if (S_ISREG(about.st_mode)) {
        if (ends(name, ".db-wal")) return "journal write";
        if (ends(name, ".db") || ends(name, ".db-journal")) return "journal checkpoint";
        return is_told(name) ? "message out" : "file write";
    }
    if (fd == 1) return "report";
    if (S_ISFIFO(about.st_mode)) return is_told(name) ? "message out" : "git input";
    return S_ISSOCK(about.st_mode) ? "message out" : NULL;
}

static const char *kind_of_sync(const char *name) {
    if (in_memory(name)) return NULL;
    return ends(name, ".db") || ends(name, ".db-wal") ? "journal sync" : "file sync";
}

#define POINT(kind, what, writes, syncs, call) \
    do { \
        int mine; \
        atomic_store(&last_file, 0); \
        if (point(kind, what, writes, syncs, &mine) == FAIL) return -1; \
        __typeof__(call) result = (call); \
        int error = errno; \
        done(mine); \
        errno = error; \
        return result; \
    } while (0)

// A write: a point unless it goes on with the last one. A full disk also fails what goes on.
#define WRITE(fd, size, whole, half) \
    do { \
        char room[4096]; \
        const char *name = counts() ? name_of(fd, room, sizeof room) : NULL; \
        const char *kind = name ? kind_of_write(fd, name) : NULL; \
        if (!kind) return (whole); \
        uint64_t file = hash(name); \
        int regular = name[0] == '/'; \
        if (regular && atomic_exchange(&last_file, file) == file) { \
            if (reached && (deed == FULL || deed == READONLY)) { \
                errno = deed == FULL ? ENOSPC : EROFS; \
                return -1; \
            } \
            return (whole); \
        } \
        if (!regular) atomic_store(&last_file, 0); \
        int mine; \
        switch (point(kind, name, regular, 0, &mine)) { \
            case FAIL: return -1; \
            case HALF: { \
                ssize_t result = (half); \
                if (deed == TORN) die(); \
                return result; \
            } \
            case GO: break; \
        } \
        ssize_t result = (whole); \
        int error = errno; \
        done(mine); \
        errno = error; \
        return result; \
    } while (0)

ssize_t write(int fd, const void *bytes, size_t size) {
    REAL(write);
    WRITE(fd, size, real(fd, bytes, size), real(fd, bytes, size / 2 ? size / 2 : size));
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t offset) {
    REAL(pwrite64);
    WRITE(fd, size, real(fd, bytes, size, offset), real(fd, bytes, size / 2 ? size / 2 : size, offset));
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    REAL(writev);
    WRITE(fd, 0, real(fd, parts, count), real(fd, parts, count > 1 ? count / 2 : count));
}

ssize_t send(int fd, const void *bytes, size_t size, int flags) {
    REAL(send);
    if (!counts()) return real(fd, bytes, size, flags);
    POINT("message out", "socket", 0, 0, real(fd, bytes, size, flags));
}

static int sync_with(int fd, int (*real)(int)) {
    char room[4096];
    const char *kind = counts() ? kind_of_sync(name_of(fd, room, sizeof room)) : NULL;
    if (!kind) return real(fd);
    POINT(kind, room, 0, 1, real(fd));
}

int fsync(int fd) {
    REAL(fsync);
    return sync_with(fd, real);
}

int fdatasync(int fd) {
    REAL(fdatasync);
    return sync_with(fd, real);
}

int ftruncate64(int fd, off64_t size) {
    REAL(ftruncate64);
    char room[4096];
    if (!counts() || in_memory(name_of(fd, room, sizeof room))) return real(fd, size);
    POINT("truncation", room, 1, 0, real(fd, size));
}

int rename(const char *from, const char *to) {
    REAL(rename);
    if (!counts()) return real(from, to);
    POINT(is_told(to) ? "message out" : "rename", to, 1, 0, real(from, to));
}

int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags) {
    REAL(linkat);
    if (!counts()) return real(from_folder, from, to_folder, to, flags);
    POINT("link", to, 1, 0, real(from_folder, from, to_folder, to, flags));
}

int symlink(const char *target, const char *path) {
    REAL(symlink);
    if (!counts()) return real(target, path);
    POINT("link", path, 1, 0, real(target, path));
}

int unlink(const char *path) {
    REAL(unlink);
    if (!counts() || syscall(SYS_faccessat, AT_FDCWD, path, F_OK)) return real(path);
    POINT("removal", path, 0, 0, real(path));
}

int unlinkat(int folder, const char *path, int flags) {
    REAL(unlinkat);
    if (!counts()) return real(folder, path, flags);
    POINT("removal", path, 0, 0, real(folder, path, flags));
}

int rmdir(const char *path) {
    REAL(rmdir);
    if (!counts() || syscall(SYS_faccessat, AT_FDCWD, path, F_OK)) return real(path);
    POINT("removal", path, 0, 0, real(path));
}

int mkdir(const char *path, mode_t mode) {
    REAL(mkdir);
    if (!counts() || !syscall(SYS_faccessat, AT_FDCWD, path, F_OK)) return real(path, mode);
    POINT("folder", path, 1, 0, real(path, mode));
}

static int is_one_of(const char *word, const char *const words[]) {
    for (; *words; words++)
        if (!strcmp(word, *words)) return 1;
    return 0;
}

// Git's own word among its arguments: what follows its options.
static const char *command_of(char *const arguments[]) {
    for (int i = 1; arguments[i]; i++) {
        if (!strcmp(arguments[i], "-c") || !strcmp(arguments[i], "-C")) {
            if (!arguments[++i]) break;
        } else if (arguments[i][0] != '-') {
            return arguments[i];
        }
    }
    return "";
}

// What is started; none for a git that only reads: a kill there is one beside it.
static const char *kind_of_start(char *const arguments[], const char **what) {
    static const char *const moves[] = {"update-ref", "symbolic-ref", "worktree", "reset", "branch", "push", NULL};
    static const char *const reads[] = {"rev-parse",    "cat-file",  "ls-files",   "ls-tree",    "diff-tree",
                                        "for-each-ref", "log",       "merge-base", "diff-files", "check-ignore",
                                        "config",       "var",       "status",     "rev-list",   "check-ref-format",
                                        "--version",    "ls-remote", "version",    "diff-index", NULL};
    *what = arguments && arguments[0] ? base(arguments[0]) : "";
    if (strcmp(*what, "git")) return "start";
    *what = command_of(arguments);
    return is_one_of(*what, reads) || !**what ? NULL : is_one_of(*what, moves) ? "ref update" : "git write";
}

int posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
                 const posix_spawnattr_t *attributes, char *const arguments[], char *const environment[]) {
    REAL(posix_spawnp);
    if (!counts()) return real(pid, file, actions, attributes, arguments, environment);
    const char *what, *kind = kind_of_start(arguments, &what);
    if (!kind) return real(pid, file, actions, attributes, arguments, environment);
    POINT(kind, what, 0, 0, real(pid, file, actions, attributes, arguments, environment));
}

pid_t fork(void) {
    REAL(fork);
    if (!counts()) return real();
    int mine;
    atomic_store(&last_file, 0);
    point("start", "fork", 0, 0, &mine);
    pid_t child = real();
    if (child) done(mine);
    return child;
}

// A read of what an agent has said so far.
ssize_t read(int fd, void *bytes, size_t size) {
    REAL(read);
    ssize_t result = real(fd, bytes, size);
    if (result <= 0 || !counts()) return result;
    char room[4096];
    int error = errno;
    const char *name = name_of(fd, room, sizeof room);
    if (is_told(name)) {
        int mine;
        atomic_store(&last_file, 0);
        point("message in", name, 0, 0, &mine);
        done(mine);
    }
    errno = error;
    return result;
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    REAL(clock_gettime);
    int result = real(clock, time);
    if (!result && clock == CLOCK_REALTIME && reached && deed == CLOCK && counts()) time->tv_sec += jump;
    return result;
}
