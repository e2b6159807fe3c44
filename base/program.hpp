// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/handles.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace base {

/// A program to run: by argv, never by a shell. It gets a clean environment (PATH, LC_ALL=C), no
/// standard input, and dies with strake.
struct Command {
  std::vector<std::string> argv;             ///< argv[0] is looked up in PATH
  std::vector<std::string> environment = {}; ///< further NAME=value lines
  std::chrono::milliseconds limit = std::chrono::seconds(30);
  std::size_t output_limit = std::size_t{1} << 20U; ///< of stdout and of stderr; more is an error
  /// Texts the program can open as files, under the names input_path(0), input_path(1), …; they
  /// are in memory only, so nothing is left of them whatever happens. The bytes must outlive run().
  std::vector<Bytes> inputs = {};
};

/// What to write into argv for Command::inputs[index].
std::string input_path(std::size_t index);

struct Finished {
  int status; ///< exit status, or 128 + the signal that killed it
  std::string output;
  std::string errors;
};

/// Runs programs; in tests a table of answers.
class Runner {
public:
  Runner() = default;
  Runner(const Runner &) = delete;
  Runner &operator=(const Runner &) = delete;
  virtual ~Runner() = default;

  /// True if argv[0] would be found.
  virtual bool exists(const std::string &program) = 0;
  /// Runs it to its end. A non-zero status is a result, not a failure; not being able to run it,
  /// its taking longer than `limit` or its printing too much throws Kind::io.
  virtual Finished run(const Command &command) = 0;
  /// Starts it and lets it go: it lives on in a session of its own when strake ends, reads nothing,
  /// and nobody hears what it prints. Its limits and inputs do not count. Throws Kind::io if it
  /// cannot be run.
  virtual void start(const Command &command) = 0;
};

/// The real one. A program without a slash in its name is looked for in the service manager's
/// PATH, whatever PATH strake was started with. It runs in a session of its own, so that Ctrl-C
/// reaches strake alone, and nothing that run() started in that session outlives it.
class ProcessRunner final : public Runner {
public:
  bool exists(const std::string &program) override;
  Finished run(const Command &command) override;
  void start(const Command &command) override;
};

} // namespace base
