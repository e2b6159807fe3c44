// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "base/program.hpp"
#include "support/temp_root.hpp"

#include <dirent.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <iterator>
#include <thread>

TEST_SUITE_BEGIN("base/program");

namespace {

base::Command shell(const std::string &script)
{
  return {.argv = {"sh", "-c", script}};
}

std::string message_of(const base::Command &command)
{
  base::ProcessRunner runner;
  try {
    (void)runner.run(command);
  } catch (const base::Error &error) {
    CHECK(error.kind() == base::Kind::io);
    return error.what();
  }
  return "nothing was thrown";
}

std::ptrdiff_t open_descriptors()
{
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return std::distance(begin(all), end(all));
}

/// A zombie is dead enough: process 1 of a container may not be one that reaps.
bool is_dead(pid_t pid)
{
  std::error_code failed;
  return std::filesystem::read_symlink("/proc/" + std::to_string(pid) + "/exe", failed).empty();
}

/// Looks a bounded number of times.
bool goes_away(pid_t pid)
{
  for (int look = 0; look < 500 && !is_dead(pid); ++look)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  return is_dead(pid);
}

} // namespace

TEST_CASE("a program's status, output and errors come back")
{
  base::ProcessRunner runner;
  const base::Finished done = runner.run(shell("echo out; echo err >&2; exit 3"));
  CHECK(done.status == 3);
  CHECK(done.output == "out\n");
  CHECK(done.errors == "err\n");
}

TEST_CASE("a program killed by a signal has status 128 and the signal")
{
  base::ProcessRunner runner;
  CHECK(runner.run(shell("kill -TERM $$")).status == 128 + SIGTERM);
}

TEST_CASE("arguments reach the program as they are")
{
  base::ProcessRunner runner;
  const base::Finished done = runner.run({.argv = {"printf", "%s|", "a b", "$HOME", "", "*"}});
  CHECK(done.output == "a b|$HOME||*|");
}

TEST_CASE("the environment is clean but for what the command adds")
{
  ::setenv("STRAKE_TEST_SECRET", "leaked", 1);
  base::ProcessRunner runner;
  base::Command command{.argv = {"env"}};
  command.environment = {"ADDED=yes"};
  CHECK(runner.run(command).output ==
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\nLC_ALL=C\n"
        "ADDED=yes\n");
}

TEST_CASE("a program has an empty standard input")
{
  base::ProcessRunner runner;
  const base::Finished done = runner.run({.argv = {"cat"}});
  CHECK(done.status == 0);
  CHECK(done.output.empty());
}

TEST_CASE("a program gets its inputs as files and no other descriptor of strake")
{
  const base::Fd ours(::open("/dev/null", O_RDONLY)); // without O_CLOEXEC, as a library may do
  const std::string first = "one";
  const std::string second(300'000, 'x');
  base::ProcessRunner runner;
  base::Command command = shell("ls /proc/self/fd | tr '\\n' ' '; cat \"$0\"; wc -c < \"$1\"");
  command.argv.push_back(base::input_path(0));
  command.argv.push_back(base::input_path(1));
  command.inputs = {std::as_bytes(std::span(first)), std::as_bytes(std::span(second))};
  // 0, 1, 2, the two inputs, and the one by which ls reads the directory
  CHECK(runner.run(command).output == "0 1 2 3 4 5 one300000\n");
}

TEST_CASE("running programs leaves no descriptor open, not even after a failure")
{
  base::ProcessRunner runner;
  const std::ptrdiff_t before = open_descriptors();
  (void)runner.run(shell("true"));
  base::Command loud = shell("yes");
  loud.output_limit = 1000;
  (void)message_of(loud);
  (void)message_of({.argv = {"/dev/null/nothing"}});
  CHECK(open_descriptors() == before);
}

TEST_CASE("much text on both outputs at once does not stop the program")
{
  base::ProcessRunner runner;
  const base::Finished done = runner.run(
      shell("head -c 500000 /dev/zero >&2; head -c 500000 /dev/zero; head -c 1000 /dev/zero >&2"));
  CHECK(done.output.size() == 500'000);
  CHECK(done.errors.size() == 501'000);
}

TEST_CASE("a program that prints without end is stopped")
{
  base::Command command = shell("yes");
  command.output_limit = 100'000;
  CHECK(message_of(command) == "sh printed more than 100000 bytes and was stopped");
}

TEST_CASE("a program that takes too long is stopped with all it started")
{
  const support::TempRoot root;
  base::Command command = shell("sleep 1000 & echo $! > \"$0\"; wait");
  command.argv.push_back(root.path() + "/pid");
  command.limit = std::chrono::milliseconds(300);
  CHECK(message_of(command) == "sh did not end within 300 ms and was stopped");
  CHECK(goes_away(static_cast<pid_t>(std::stol(root.read("pid")))));
}

TEST_CASE("a child that a program leaves behind is neither waited for nor left running")
{
  base::ProcessRunner runner;
  const base::Finished done = runner.run(shell("sleep 1000 & echo $!"));
  CHECK(done.status == 0);
  CHECK(goes_away(static_cast<pid_t>(std::stol(done.output))));
}

TEST_CASE("a program that is not there, or is no program, is an error that names it")
{
  const support::TempRoot root{{"script", "not a program"}};
  base::ProcessRunner runner;
  CHECK_FALSE(runner.exists("strake-no-such-program"));
  CHECK(runner.exists("sh"));
  CHECK_FALSE(runner.exists("/etc/passwd"));
  CHECK(message_of({.argv = {"strake-no-such-program"}}) ==
        "the program strake-no-such-program is not installed");
  CHECK(message_of({.argv = {root.path() + "/script"}}).ends_with("is not installed"));
  ::chmod((root.path() + "/script").c_str(), 0755);
  CHECK(message_of({.argv = {root.path() + "/script"}}).ends_with("Exec format error"));
}

TEST_CASE("signals that strake ignores or blocks work as usual in a program")
{
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  sigset_t blocked;
  sigset_t old;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &blocked, &old);
  base::ProcessRunner runner;
  const int status = runner.run(shell("kill -PIPE $$; exit 0")).status;
  const int terminated = runner.run(shell("kill -TERM $$; exit 0")).status;
  ::sigprocmask(SIG_SETMASK, &old, nullptr);
  (void)std::signal(SIGPIPE, before);
  CHECK(status == 128 + SIGPIPE);
  CHECK(terminated == 128 + SIGTERM);
}

TEST_CASE("a program dies with strake")
{
  const support::TempRoot root;
  const pid_t strake = ::fork();
  REQUIRE(strake >= 0);
  if (strake == 0) {
    base::ProcessRunner runner;
    base::Command command = shell("echo $$ > \"$0.new\"; mv \"$0.new\" \"$0\"; exec sleep 1000");
    command.argv.push_back(root.path() + "/pid");
    (void)runner.run(command);
    ::_exit(0);
  }
  for (int look = 0; look < 500 && !root.exists("pid"); ++look)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  const auto program = static_cast<pid_t>(std::stol(root.read("pid")));
  REQUIRE(::kill(program, 0) == 0);
  ::kill(strake, SIGKILL);
  ::waitpid(strake, nullptr, 0);
  CHECK(goes_away(program));
}

TEST_CASE("a program that is let go lives on without strake, in a session of its own")
{
  const support::TempRoot root;
  const pid_t strake = ::fork();
  REQUIRE(strake >= 0);
  if (strake == 0) {
    base::ProcessRunner runner;
    base::Command command =
        shell("echo $$ > \"$0.new\"; echo said; mv \"$0.new\" \"$0\"; exec sleep 1000");
    command.argv.push_back(root.path() + "/pid");
    runner.start(command);
    ::_exit(0);
  }
  ::waitpid(strake, nullptr, 0);
  for (int look = 0; look < 500 && !root.exists("pid"); ++look)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  const auto program = static_cast<pid_t>(std::stol(root.read("pid")));
  CHECK(::kill(program, 0) == 0);
  CHECK(::getsid(program) == program);
  ::kill(program, SIGKILL);
  base::ProcessRunner runner;
  CHECK_THROWS_AS(runner.start({.argv = {"/nowhere/at/all"}}), base::Error);
}
