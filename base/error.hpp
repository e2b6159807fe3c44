// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <cerrno>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace base {

/// What the caller can do about a failure. One kind is one exit code and one line under
/// EXIT STATUS in strake(1); a test compares the three.
enum class Kind {
  usage,     ///< the command line is wrong: change the call
  config,    ///< a definition is wrong: change the file that is named
  not_found, ///< what was asked for does not exist
  busy,      ///< somebody else holds it: try again later
  untrusted, ///< a signature, hash or trust rule refused it
  stale,     ///< what the source shows is older than what is known or allowed
  no_space,  ///< the disk, a slot or the memory is too small
  network,   ///< the server or the way to it failed: try again later
  io,        ///< this machine's storage or kernel failed
  internal,  ///< strake is wrong: report it
};

/// The word used in `--json` output and the documentation, for example "no_space".
std::string_view name(Kind kind);

/// The exit status of `strake` for a failure of this kind; 2 to 11, never 0 or 1.
int exit_code(Kind kind);

/// The only exception that strake throws.
class Error : public std::exception {
public:
  Error(Kind kind, std::string message, int os_error = 0);

  [[nodiscard]] Kind kind() const noexcept { return state_->kind; }

  /// The errno behind it, or 0.
  [[nodiscard]] int os_error() const noexcept { return state_->os_error; }

  /// The bare message, without the trail.
  [[nodiscard]] const std::string &message() const noexcept { return state_->message; }

  /// What was being done, from the outside in.
  [[nodiscard]] std::vector<std::string> trail() const;

  /// The whole text: the trail, outermost first, then the message, joined by ": ".
  [[nodiscard]] const char *what() const noexcept override { return state_->text.c_str(); }

  /// Puts one more step around what is there already.
  void add(std::string doing);

private:
  struct State {
    Kind kind;
    int os_error;
    std::string message;
    std::vector<std::string> trail; // innermost first
    std::string text;
  };

  std::shared_ptr<State> state_; // shared, so that a copy cannot throw
};

static_assert(std::is_nothrow_copy_constructible_v<Error>);

[[noreturn]] void fail_message(Kind kind, std::string message);

template <typename... Args>
[[noreturn]] void fail(Kind kind, fmt::format_string<const Args &...> format, const Args &...args)
{
  fail_message(kind, fmt::format(format, args...));
}

/// Throws for errno value `os_error`; the kind follows from it (ENOSPC is no_space, ENOENT is
/// not_found, EBUSY is busy, everything else is io). The text of the error number is appended.
[[noreturn]] void fail_os_message(int os_error, std::string message);

template <typename... Args>
[[noreturn]] void
fail_os(int os_error, fmt::format_string<const Args &...> format, const Args &...args)
{
  fail_os_message(os_error, fmt::format(format, args...));
}

/// The same for the present errno, which is read before anything else can change it.
template <typename... Args>
[[noreturn]] void fail_errno(fmt::format_string<const Args &...> format, const Args &...args)
{
  const int saved = errno;
  fail_os_message(saved, fmt::format(format, args...));
}

/// Runs `body`; a failure inside it leaves with `doing` added to its trail.
template <typename Body> decltype(auto) during(std::string_view doing, Body &&body)
{
  try {
    return std::forward<Body>(body)();
  } catch (Error &error) {
    error.add(std::string(doing));
    throw;
  }
}

} // namespace base
