// SPDX-License-Identifier: Apache-2.0
#include "base/program.hpp"

#include "base/error.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>
#include <optional>

namespace base {

namespace {

constexpr std::array<std::string_view, 6> search_path = {
    "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"};
constexpr const char *path_line =
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

constexpr int first_input = 3;
constexpr std::size_t most_inputs = 16;
/// Descriptors for the child are kept above all numbers they will get there, so that putting one
/// in its place never overwrites another that is still to come.
constexpr int first_spare = first_input + static_cast<int>(most_inputs);

bool is_program(const std::string &path)
{
  struct stat found = {};
  return ::stat(path.c_str(), &found) == 0 && S_ISREG(found.st_mode) &&
         ::access(path.c_str(), X_OK) == 0;
}

std::optional<std::string> find_program(const std::string &name)
{
  if (name.find('/') != std::string::npos)
    return is_program(name) ? std::optional(name) : std::nullopt;
  for (const std::string_view directory : search_path)
    if (std::string path = fmt::format("{}/{}", directory, name); is_program(path))
      return path;
  return std::nullopt;
}

/// Moves a fresh descriptor out of the way of the child's numbers.
Fd spare(int number, std::string_view what)
{
  const Fd low(number);
  if (number < 0)
    fail_errno("cannot make {} for a program", what);
  Fd high(::fcntl(number, F_DUPFD_CLOEXEC, first_spare));
  if (!high.valid())
    fail_errno("cannot make {} for a program", what);
  return high;
}

struct Pipe {
  Fd read_end;
  Fd write_end;
};

Pipe make_pipe()
{
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) < 0)
    fail_errno("cannot make a pipe for a program");
  Fd second(ends[1]);
  Fd read_end = spare(ends[0], "a pipe");
  return {std::move(read_end), spare(second.release(), "a pipe")};
}

Fd make_input(Bytes text)
{
  Fd memory = spare(::memfd_create("strake-input", MFD_CLOEXEC), "an input");
  while (!text.empty()) {
    const ssize_t count = ::write(memory.number(), text.data(), text.size());
    if (count < 0 && errno != EINTR)
      fail_errno("cannot hold {} bytes in memory for a program", text.size());
    text = text.subspan(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  }
  return memory;
}

std::vector<char *> pointers(const std::vector<std::string> &strings)
{
  std::vector<char *> result;
  for (const std::string &string : strings)
    result.push_back(const_cast<char *>(string.c_str())); // execve takes them so and keeps them
  result.push_back(nullptr);
  return result;
}

/// All that the child needs, made before the fork: after it another thread's lock may be held for
/// ever, so the child allocates nothing.
struct Start {
  std::string path;
  std::vector<std::string> argv;
  std::vector<std::string> environment;
  std::vector<char *> argv_pointers;
  std::vector<char *> environment_pointers;
  std::vector<Fd> files; ///< becomes 0, 1, 2, 3, …
  Fd failure;            ///< takes errno if execve fails
  pid_t parent;
  enum class Life { ours, its_own } life = Life::ours;
};

[[noreturn]] void give_up(const Start &start)
{
  const int saved = errno;
  (void)!::write(start.failure.number(), &saved, sizeof saved);
  ::_exit(127);
}

void reset_signals()
{
  struct sigaction standard = {};
  standard.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number)
    ::sigaction(number, &standard, nullptr); // SIGKILL and SIGSTOP refuse, rightly
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

/// The child. Only async-signal-safe calls from here to execve.
[[noreturn]] void become(const Start &start)
{
  if (start.life == Start::Life::ours) {
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
      give_up(start);
    if (::getppid() != start.parent)
      ::_exit(127); // strake died before the signal was asked for
  }
  ::setsid();
  reset_signals();
  int number = 0;
  for (const Fd &file : start.files)
    if (::dup2(file.number(), number++) < 0)
      give_up(start);
  if (::close_range(static_cast<unsigned>(number), ~0U, CLOSE_RANGE_CLOEXEC) < 0)
    give_up(start);
  ::execve(start.path.c_str(), start.argv_pointers.data(), start.environment_pointers.data());
  give_up(start);
}

/// A running program; when this goes, so has the program and its session.
class Child {
public:
  explicit Child(pid_t pid) : pid_(pid), ended_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)))
  {
  }

  Child(const Child &) = delete;
  Child &operator=(const Child &) = delete;

  ~Child() { (void)reap(); }

  /// Readable once the program has ended.
  [[nodiscard]] const Fd &ended() const noexcept { return ended_; }

  /// Ends what is left of it and gives its exit status.
  int reap() noexcept
  {
    if (pid_ < 0)
      return status_;
    // Before waitpid: until then the number cannot belong to anybody else.
    ::kill(-pid_, SIGKILL);
    ::kill(pid_, SIGKILL); // it may not have come as far as setsid
    int raw = 0;
    while (::waitpid(pid_, &raw, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    status_ = WIFSIGNALED(raw) ? 128 + WTERMSIG(raw) : WEXITSTATUS(raw);
    return status_;
  }

private:
  pid_t pid_;
  int status_ = 0;
  Fd ended_;
};

/// One of the program's two outputs on its way in.
struct Output {
  Fd pipe;
  std::string &text;
  bool open = true;
};

/// Reads what is there; false if there is nothing now.
bool read_some(Output &output, const Command &command)
{
  std::array<char, 64 * 1024> buffer{};
  const ssize_t count = ::read(output.pipe.number(), buffer.data(), buffer.size());
  if (count < 0 && errno == EINTR)
    return true;
  if (count < 0 && errno == EAGAIN)
    return false;
  if (count < 0)
    fail_errno("cannot read what {} prints", command.argv.front());
  if (count == 0) {
    output.open = false;
    return false;
  }
  output.text.append(buffer.data(), static_cast<std::size_t>(count));
  if (output.text.size() > command.output_limit)
    fail(Kind::io,
         "{} printed more than {} bytes and was stopped",
         command.argv.front(),
         command.output_limit);
  return true;
}

int milliseconds_left(std::chrono::steady_clock::time_point deadline)
{
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
}

/// Reads both outputs together, since a program that waits for one to be read never ends the
/// other, until the program has ended. A grandchild that keeps a pipe open is not waited for.
void read_to_end(const Child &child, std::array<Output, 2> &outputs, const Command &command)
{
  const auto deadline = std::chrono::steady_clock::now() + command.limit;
  for (;;) {
    std::array<pollfd, 3> waiting{};
    for (std::size_t n = 0; n < outputs.size(); ++n)
      waiting[n] = {outputs[n].open ? outputs[n].pipe.number() : -1, POLLIN, 0};
    waiting[2] = {child.ended().number(), POLLIN, 0};
    const int ready = ::poll(waiting.data(), waiting.size(), milliseconds_left(deadline));
    if (ready < 0 && errno != EINTR)
      fail_errno("cannot wait for {}", command.argv.front());
    const bool ended = ready > 0 && waiting[2].revents != 0;
    for (Output &output : outputs)
      while (output.open && read_some(output, command)) {
      }
    if (ended)
      return;
    if (std::chrono::steady_clock::now() >= deadline)
      fail(Kind::io,
           "{} did not end within {} ms and was stopped",
           command.argv.front(),
           command.limit.count());
  }
}

Start prepare(const Command &command)
{
  if (command.argv.empty() || command.inputs.size() > most_inputs)
    fail(Kind::internal, "a program needs a name, and {} inputs at most", most_inputs);
  const auto path = find_program(command.argv.front());
  if (!path)
    fail(Kind::io, "the program {} is not installed", command.argv.front());
  Start start{.path = *path,
              .argv = command.argv,
              .environment = {path_line, "LC_ALL=C"},
              .argv_pointers = {},
              .environment_pointers = {},
              .files = {},
              .failure = {},
              .parent = ::getpid()};
  start.environment.insert(
      start.environment.end(), command.environment.begin(), command.environment.end());
  start.argv_pointers = pointers(start.argv);
  start.environment_pointers = pointers(start.environment);
  return start;
}

void check_started(const Fd &failure, const Command &command)
{
  int os_error = 0;
  ssize_t count = -1;
  do
    count = ::read(failure.number(), &os_error, sizeof os_error);
  while (count < 0 && errno == EINTR);
  if (count == static_cast<ssize_t>(sizeof os_error))
    fail(Kind::io, "cannot run {}: {}", command.argv.front(), ::strerror(os_error));
}

Fd open_nothing()
{
  return spare(::open("/dev/null", O_RDWR | O_CLOEXEC), "an empty input");
}

/// A plain fork: posix_spawn cannot ask for the signal at the parent's death.
pid_t fork_into(const Start &start)
{
  const pid_t pid = ::fork();
  if (pid < 0)
    fail_errno("cannot start {}", start.argv.front());
  if (pid == 0)
    become(start);
  return pid;
}

void never_block(const Fd &fd)
{
  if (::fcntl(fd.number(), F_SETFL, O_NONBLOCK) < 0)
    fail_errno("cannot prepare a pipe");
}

} // namespace

std::string input_path(std::size_t index)
{
  return fmt::format("/proc/self/fd/{}", static_cast<std::size_t>(first_input) + index);
}

bool ProcessRunner::exists(const std::string &program)
{
  return find_program(program).has_value();
}

Finished ProcessRunner::run(const Command &command)
{
  Start start = prepare(command);
  Pipe output = make_pipe();
  Pipe errors = make_pipe();
  Pipe failure = make_pipe();
  never_block(output.read_end);
  never_block(errors.read_end);
  start.files.push_back(open_nothing());
  start.files.push_back(std::move(output.write_end));
  start.files.push_back(std::move(errors.write_end));
  for (const Bytes input : command.inputs)
    start.files.push_back(make_input(input));
  start.failure = std::move(failure.write_end);

  Child child(fork_into(start));
  if (!child.ended().valid())
    fail_errno("cannot watch {}", command.argv.front());
  start.files.clear(); // or the pipes would never end
  start.failure = Fd();
  check_started(failure.read_end, command);

  Finished finished{};
  std::array<Output, 2> outputs{Output{std::move(output.read_end), finished.output},
                                Output{std::move(errors.read_end), finished.errors}};
  read_to_end(child, outputs, command);
  finished.status = child.reap();
  return finished;
}

void ProcessRunner::start(const Command &command)
{
  Start start = prepare(command);
  start.life = Start::Life::its_own;
  Pipe failure = make_pipe();
  for (int number = 0; number < 3; ++number)
    start.files.push_back(open_nothing());
  start.failure = std::move(failure.write_end);
  fork_into(start); // nobody waits for it: when strake ends, that is left to the first process
  start.failure = Fd();
  check_started(failure.read_end, command);
}

} // namespace base
