// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"

#include <array>
#include <cstring>

namespace base {

namespace {

struct KindRow {
  Kind kind;
  std::string_view name;
  int exit_code;
};

constexpr std::array kinds = {
    KindRow{Kind::usage, "usage", 2},
    KindRow{Kind::config, "config", 3},
    KindRow{Kind::not_found, "not_found", 4},
    KindRow{Kind::busy, "busy", 5},
    KindRow{Kind::untrusted, "untrusted", 6},
    KindRow{Kind::stale, "stale", 7},
    KindRow{Kind::no_space, "no_space", 8},
    KindRow{Kind::network, "network", 9},
    KindRow{Kind::io, "io", 10},
    KindRow{Kind::internal, "internal", 11},
};

const KindRow &row(Kind kind)
{
  for (const KindRow &candidate : kinds)
    if (candidate.kind == kind)
      return candidate;
  return kinds.back();
}

Kind kind_of(int os_error)
{
  switch (os_error) {
  case ENOSPC:
  case EDQUOT:
  case EFBIG:
    return Kind::no_space;
  case ENOENT:
    return Kind::not_found;
  case EBUSY:
  case ETXTBSY:
    return Kind::busy;
  default:
    return Kind::io;
  }
}

} // namespace

std::string_view name(Kind kind)
{
  return row(kind).name;
}

int exit_code(Kind kind)
{
  return row(kind).exit_code;
}

Error::Error(Kind kind, std::string message, int os_error)
    : state_(std::make_shared<State>(State{kind, os_error, message, {}, std::move(message)}))
{
}

std::vector<std::string> Error::trail() const
{
  return {state_->trail.rbegin(), state_->trail.rend()};
}

void Error::add(std::string doing)
{
  state_->text = doing + ": " + state_->text;
  state_->trail.push_back(std::move(doing));
}

void fail_message(Kind kind, std::string message)
{
  throw Error(kind, std::move(message));
}

void fail_os_message(int os_error, std::string message)
{
  message += ": ";
  message += std::strerror(os_error); // NOLINT(concurrency-mt-unsafe): glibc's is thread-safe
  throw Error(kind_of(os_error), std::move(message), os_error);
}

} // namespace base
