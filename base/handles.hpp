// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

namespace base {

using Bytes = std::span<const std::byte>;
using MutableBytes = std::span<std::byte>;

/// Owns one file descriptor. The destructor closes it and tells nobody whether that worked;
/// whoever wrote through it ends with Sys::sync and Sys::close, which do.
class Fd {
public:
  Fd() noexcept = default;

  explicit Fd(int number) noexcept : number_(number) {}

  Fd(Fd &&other) noexcept : number_(std::exchange(other.number_, -1)) {}

  Fd &operator=(Fd &&other) noexcept
  {
    std::swap(number_, other.number_);
    return *this;
  }

  Fd(const Fd &) = delete;
  Fd &operator=(const Fd &) = delete;
  ~Fd();

  [[nodiscard]] int number() const noexcept { return number_; }

  [[nodiscard]] bool valid() const noexcept { return number_ >= 0; }

  /// Gives the descriptor away; this object no longer owns it.
  [[nodiscard]] int release() noexcept { return std::exchange(number_, -1); }

private:
  int number_ = -1;
};

template <auto Free> struct Deleter {
  template <typename T> void operator()(T *object) const noexcept { Free(object); }
};

/// A C library's handle with the function that frees it: `Unique<EVP_MD_CTX, EVP_MD_CTX_free>`.
template <typename T, auto Free> using Unique = std::unique_ptr<T, Deleter<Free>>;

/// Undoes something at the end of a scope unless it was dismissed before.
template <typename Undo> class Rollback {
public:
  explicit Rollback(Undo undo) : undo_(std::move(undo)) {}

  Rollback(const Rollback &) = delete;
  Rollback &operator=(const Rollback &) = delete;

  ~Rollback()
  {
    if (armed_)
      undo_();
  }

  void dismiss() noexcept { armed_ = false; }

private:
  Undo undo_;
  bool armed_ = true;
};

} // namespace base
