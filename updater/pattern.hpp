// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "updater/metadata.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace updater {

/// The fields a pattern can hold, each at most once.
enum class Wildcard {
  version,          ///< @v
  partition_uuid,   ///< @u
  partition_flags,  ///< @f, hexadecimal
  no_auto,          ///< @a
  grow_file_system, ///< @g
  read_only,        ///< @r
  modified,         ///< @t
  mode,             ///< @m, octal
  size,             ///< @s
  tries_done,       ///< @d
  tries_left,       ///< @l
  sha256,           ///< @h
};

/// One MatchPattern=: literal text with wildcards, for the name of a file, directory or partition,
/// or with "/" for a path below the resource's directory.
///
/// Matching is one pass from left to right without going back: a wildcard ends at the *first*
/// place where the literal after it occurs, and the whole text must be used up. So "a_@v_@u.raw"
/// can't hold a version with "_".
class Pattern {
public:
  /// Throws Kind::config with the reason if `text` is no pattern.
  static Pattern parse(std::string_view text);

  /// The fields of a path relative to the resource's directory, or nothing if it doesn't match.
  /// A pattern with any_depth() looks only at the last component.
  [[nodiscard]] std::optional<Metadata> match(std::string_view path) const;

  /// True if a path below `directory` (relative to the resource's directory) may match, so that
  /// it is worth to go into it.
  [[nodiscard]] bool leads_into(std::string_view directory) const;

  /// The name that `metadata` has by this pattern; never with any_depth(). Throws Kind::config if
  /// a field that the pattern needs isn't there, or if match() would not give the same fields
  /// back, because such an instance could never be found again.
  [[nodiscard]] std::string format(const Metadata &metadata) const;

  /// As it was written, with specifiers resolved.
  [[nodiscard]] const std::string &text() const { return text_; }

  [[nodiscard]] bool has(Wildcard wildcard) const;

  /// Begins with "**/": the rest names the last component, at any depth. For sources only.
  [[nodiscard]] bool any_depth() const { return any_depth_; }

  /// Names sub-paths: has a "/" besides the one of "**/".
  [[nodiscard]] bool has_directory() const;

  /// The same pattern without "**/", as targets inherit it.
  [[nodiscard]] Pattern without_any_depth() const;

  bool operator==(const Pattern &other) const { return text_ == other.text_; }

private:
  /// A wildcard, or literal text; a "/" is always a literal of its own.
  struct Element {
    std::optional<Wildcard> wildcard;
    std::string literal;
  };

  enum class Extent { whole, directory };

  void add_wildcard(char letter);
  void add_literal(char letter);

  Pattern(std::string text, std::vector<Element> elements, bool any_depth)
      : text_(std::move(text)), elements_(std::move(elements)), any_depth_(any_depth)
  {
  }

  [[nodiscard]] std::optional<Metadata> consume(std::string_view path, Extent extent) const;

  std::string text_;
  std::vector<Element> elements_;
  bool any_depth_;
};

} // namespace updater
