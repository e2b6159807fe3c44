// SPDX-License-Identifier: Apache-2.0
#include "updater/fetch_url.hpp"

#include "base/error.hpp"
#include "base/handles.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <utility>

namespace updater {

namespace {

constexpr std::size_t longest_url = 8192;

using CurlUrl = base::Unique<CURLU, curl_url_cleanup>;

constexpr std::array<std::pair<std::string_view, Scheme>, 3> schemes = {{
    {"http", Scheme::http},
    {"https", Scheme::https},
    {"file", Scheme::file},
}};

/// A control character could end the request line or a header early and start another one.
std::string objection_to(std::string_view text)
{
  if (text.size() > longest_url)
    return fmt::format("it is longer than {} bytes", longest_url);
  for (const char character : text) {
    const auto value = static_cast<unsigned char>(character);
    if (value <= 0x20 || value == 0x7f)
      return fmt::format(
          "it has the character 0x{:02x}, which must be written as %{:02X}", value, value);
  }
  return {};
}

std::string part(CURLU *url, CURLUPart which, unsigned flags = 0)
{
  char *text = nullptr;
  if (curl_url_get(url, which, &text, flags) != CURLUE_OK)
    return {};
  const base::Unique<char, curl_free> owner(text);
  return text;
}

std::string lower(std::string text)
{
  std::ranges::transform(text, text.begin(), [](char character) {
    return character >= 'A' && character <= 'Z' ? static_cast<char>(character - 'A' + 'a')
                                                : character;
  });
  return text;
}

std::optional<Scheme> scheme_of(CURLU *url)
{
  const std::string name = lower(part(url, CURLUPART_SCHEME));
  for (const auto &[known, scheme] : schemes)
    if (name == known)
      return scheme;
  return std::nullopt;
}

void drop_credentials(CURLU *url)
{
  for (const CURLUPart secret : {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_OPTIONS})
    curl_url_set(url, secret, nullptr, 0);
}

CurlUrl new_url()
{
  CurlUrl url(curl_url());
  if (!url)
    base::fail(base::Kind::no_space, "there is no memory for a URL");
  return url;
}

/// The start of a text that was refused as a URL, without what may be a password and without
/// what may confuse a terminal.
std::string harmless(std::string_view text)
{
  constexpr std::size_t enough = 80;
  std::string shown(text.substr(0, enough));
  if (const auto at = text.rfind('@'); at != std::string_view::npos) {
    const auto slashes = text.find("://");
    const std::size_t user = slashes == std::string_view::npos ? 0 : slashes + 3;
    shown = std::string(text.substr(0, user)) + "…" +
            (at >= user ? std::string(text.substr(at, enough)) : "");
  }
  std::ranges::replace_if(
      shown, [](char character) { return character >= 0 && character < 0x20; }, '?');
  return shown;
}

} // namespace

UrlCheck Url::check(std::string_view text)
{
  if (std::string why = objection_to(text); !why.empty())
    return {std::nullopt, std::move(why)};
  const CurlUrl parts = new_url();
  const CURLUcode code =
      curl_url_set(parts.get(), CURLUPART_URL, std::string(text).c_str(), CURLU_NON_SUPPORT_SCHEME);
  if (code != CURLUE_OK)
    return {std::nullopt, curl_url_strerror(code)};
  const auto scheme = scheme_of(parts.get());
  if (!scheme)
    return {std::nullopt, "only http, https and file are allowed"};

  Url url;
  url.scheme_ = *scheme;
  curl_url_set(parts.get(), CURLUPART_FRAGMENT, nullptr, 0);
  url.text_ = part(parts.get(), CURLUPART_URL);
  url.path_ = part(parts.get(), CURLUPART_PATH, CURLU_URLDECODE);
  const std::string host = lower(part(parts.get(), CURLUPART_HOST));
  if (*scheme == Scheme::file)
    url.origin_ = "file://";
  else
    url.origin_ = fmt::format("{}://{}:{}",
                              lower(part(parts.get(), CURLUPART_SCHEME)),
                              host,
                              part(parts.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT));
  const bool has_query = !part(parts.get(), CURLUPART_QUERY).empty();
  drop_credentials(parts.get());
  curl_url_set(parts.get(), CURLUPART_QUERY, nullptr, 0);
  url.shown_ = part(parts.get(), CURLUPART_URL) + (has_query ? "?…" : "");
  if (url.text_.empty() || url.path_.empty())
    return {std::nullopt, "it has no path that can be decoded"};
  return {std::move(url), {}};
}

Url Url::parse(std::string_view text)
{
  UrlCheck checked = check(text);
  if (checked.url)
    return *std::move(checked.url);
  base::fail(base::Kind::config, "the URL \"{}\" cannot be used: {}", harmless(text), checked.why);
}

UrlCheck Url::resolve(std::string_view location) const
{
  if (std::string why = objection_to(location); !why.empty())
    return {std::nullopt, std::move(why)};
  const CurlUrl parts = new_url();
  curl_url_set(parts.get(), CURLUPART_URL, text_.c_str(), 0);
  drop_credentials(parts.get());
  const CURLUcode code = curl_url_set(
      parts.get(), CURLUPART_URL, std::string(location).c_str(), CURLU_NON_SUPPORT_SCHEME);
  if (code != CURLUE_OK)
    return {std::nullopt, curl_url_strerror(code)};
  drop_credentials(parts.get());
  return check(part(parts.get(), CURLUPART_URL));
}

} // namespace updater
