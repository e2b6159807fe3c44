// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace updater {

enum class Scheme { http, https, file };

struct UrlCheck;

/// An absolute http, https or file URL that can be handed to libcurl as it is: it has no control
/// characters, no spaces and a host (or, for file, an absolute path on this machine).
class Url {
public:
  /// Throws Kind::config saying what is wrong with `text`.
  static Url parse(std::string_view text);
  static UrlCheck check(std::string_view text);

  [[nodiscard]] Scheme scheme() const { return scheme_; }

  /// The whole of it, with user and password if it has them. Never to be shown.
  [[nodiscard]] const std::string &secret_text() const { return text_; }

  /// For messages: without user and password, and without the query, which may be a signed
  /// permission as well.
  [[nodiscard]] const std::string &shown() const { return shown_; }

  /// "scheme://host:port" with the port always said, in lower case: who will get what is sent.
  [[nodiscard]] const std::string &origin() const { return origin_; }

  /// The decoded path; for file URLs the name of the file.
  [[nodiscard]] const std::string &path() const { return path_; }

  /// Where a Location header leads from here. Credentials in the location are dropped.
  [[nodiscard]] UrlCheck resolve(std::string_view location) const;

private:
  Url() = default;

  Scheme scheme_ = Scheme::http;
  std::string text_;
  std::string shown_;
  std::string origin_;
  std::string path_;
};

/// A URL, or the reason why there is none.
struct UrlCheck {
  std::optional<Url> url;
  std::string why;
};

} // namespace updater
