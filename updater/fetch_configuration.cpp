// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "base/ini.hpp"
#include "base/parse.hpp"
#include "updater/fetch_options.hpp"
#include "updater/fetch_url.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace updater {

namespace {

constexpr std::size_t largest_pem = std::size_t{4} << 20U;
constexpr std::size_t largest_secret = std::size_t{64} << 10U;

bool is_plain(char character)
{
  return character > 0x20 && character < 0x7f;
}

/// One KEY=VALUE, and what it takes to read it.
struct Item {
  const base::ConfigItem &config;
  const TransportFiles &files;

  template <typename... Args>
  [[noreturn]] void refuse(fmt::format_string<const Args &...> format, const Args &...args) const
  {
    base::fail(
        base::Kind::config, "{}: {}= {}", config.place(), config.key, fmt::format(format, args...));
  }

  [[nodiscard]] std::vector<std::string> words() const
  {
    auto words = base::split_quoted(config.value);
    if (!words)
      refuse("has a quote that is not closed");
    return *std::move(words);
  }

  [[nodiscard]] Url web_url(const std::string &text) const
  {
    UrlCheck checked = Url::check(text);
    if (!checked.url)
      refuse("has a URL that cannot be used: {}", checked.why);
    return *std::move(checked.url);
  }

  /// A file by its absolute path, or a credential of the service by its name.
  [[nodiscard]] std::string secret(std::size_t limit) const
  {
    std::optional<std::string> text;
    if (config.value.starts_with('/')) {
      text = files.root.text(config.value, limit);
    } else if (config.value.find('/') != std::string::npos || config.value == "..") {
      refuse("must be an absolute path, or the name of a credential");
    } else {
      if (!files.credentials_directory)
        refuse("names the credential \"{}\", but this service was given none "
               "(LoadCredential=); a file is named by its absolute path",
               config.value);
      text = files.machine.text(*files.credentials_directory + "/" + config.value, limit);
    }
    if (!text)
      refuse("names \"{}\", which does not exist", config.value);
    return *std::move(text);
  }
};

void read_mirrors(const Item &item, TransportOptions &options)
{
  if (item.config.value.empty()) {
    options.mirrors.clear();
    return;
  }
  const auto words = item.words();
  if (words.size() < 2)
    item.refuse("must be the beginning of a URL and then at least one mirror of it");
  for (const std::string &word : words) {
    static_cast<void>(item.web_url(word));
    if (!word.ends_with('/'))
      item.refuse("has a URL that does not end in \"/\"");
  }
  options.mirrors.push_back({words[0], {words.begin() + 1, words.end()}});
}

void read_proxy(const Item &item, TransportOptions &options)
{
  if (item.config.value.empty()) {
    options.proxy.reset();
  } else if (item.config.value == "none") {
    options.proxy = "";
  } else {
    const Url url = item.web_url(item.config.value);
    if (url.scheme() == Scheme::file)
      item.refuse("must be an http or https URL, or none");
    options.proxy = url.secret_text();
  }
}

void read_authorities(const Item &item, TransportOptions &options)
{
  options.authorities.clear();
  if (item.config.value.empty())
    return;
  const base::Dir &root = item.files.root;
  const auto status = root.target_status(item.config.value);
  if (!status)
    item.refuse("names \"{}\", which does not exist", item.config.value);
  if (S_ISDIR(status->st_mode)) {
    const base::Dir dir = root.dir(item.config.value);
    for (const base::DirEntry &entry : dir.entries())
      if (entry.name.ends_with(".pem") || entry.name.ends_with(".crt"))
        options.authorities += dir.text(entry.name, largest_pem).value_or("") + "\n";
  } else {
    options.authorities = root.text(item.config.value, largest_pem).value_or("");
  }
  if (options.authorities.find("-----BEGIN ") == std::string::npos)
    item.refuse("names \"{}\", which has no certificate in PEM form", item.config.value);
}

void read_origins(const Item &item, TransportOptions &options)
{
  if (item.config.value.empty())
    options.secrets.origins.clear();
  for (const std::string &word : item.words()) {
    const Url url = item.web_url(word);
    if (url.scheme() == Scheme::file || url.path() != "/" ||
        url.shown().find('?') != std::string::npos)
      item.refuse("must be servers like https://example.org or https://example.org:8443");
    options.secrets.origins.push_back(url.origin());
  }
}

void read_token(const Item &item, TransportOptions &options)
{
  options.secrets.bearer_token.clear();
  if (item.config.value.empty())
    return;
  std::string token = item.secret(largest_secret);
  while (token.ends_with('\n') || token.ends_with('\r'))
    token.pop_back();
  // Anything else could add a header of its own.
  if (token.empty() || !std::ranges::all_of(token, is_plain))
    item.refuse("names a file that is not one word of printable ASCII");
  options.secrets.bearer_token = std::move(token);
}

/// Headers by which a request is framed or judged; strake sets them itself.
bool is_ours(std::string name)
{
  std::ranges::transform(name, name.begin(), [](char character) {
    return character >= 'A' && character <= 'Z' ? static_cast<char>(character - 'A' + 'a')
                                                : character;
  });
  constexpr std::array<std::string_view, 10> ours = {"accept-encoding",
                                                     "connection",
                                                     "content-length",
                                                     "host",
                                                     "if-match",
                                                     "if-modified-since",
                                                     "if-none-match",
                                                     "if-range",
                                                     "range",
                                                     "transfer-encoding"};
  return std::ranges::find(ours, name) != ours.end();
}

Header parse_header(const Item &item, std::string_view line, unsigned number)
{
  const auto colon = line.find(':');
  const std::string name(line.substr(0, colon));
  std::string_view value = colon == std::string_view::npos ? "" : line.substr(colon + 1);
  while (value.starts_with(' '))
    value.remove_prefix(1);
  const auto is_text = [](char character) { return is_plain(character) || character == ' '; };
  if (name.empty() || value.empty() || !std::ranges::all_of(name, is_plain) ||
      !std::ranges::all_of(value, is_text))
    item.refuse("names a file whose line {} is not \"Name: value\"", number);
  if (is_ours(name))
    item.refuse("names a file whose line {} sets {}, which strake sets itself", number, name);
  return {name, std::string(value)};
}

void read_headers(const Item &item, TransportOptions &options)
{
  options.secrets.headers.clear();
  if (item.config.value.empty())
    return;
  const std::string text = item.secret(largest_secret);
  unsigned number = 0;
  for (std::string_view rest = text; !rest.empty();) {
    const auto end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    ++number;
    if (!line.empty() && !line.starts_with('#'))
      options.secrets.headers.push_back(parse_header(item, line, number));
  }
}

void read_pem_secret(const Item &item, std::string &field)
{
  field.clear();
  if (item.config.value.empty())
    return;
  field = item.secret(largest_pem);
  if (field.find("-----BEGIN ") == std::string::npos)
    item.refuse("names a file that is not in PEM form");
}

/// Reads a whole number between two limits into a field of any of the integer-like types.
template <typename Field>
void read_number(const Item &item, Field &field, std::uint64_t least, std::uint64_t most)
{
  const auto number = base::parse_number(item.config.value);
  if (!number || *number < least || *number > most)
    item.refuse("must be a whole number from {} to {}", least, most);
  if constexpr (requires { field.count(); })
    field = std::chrono::seconds(*number);
  else
    field = static_cast<Field>(*number);
}

constexpr std::uint64_t month_in_seconds = 31ULL * 24 * 60 * 60;

struct Key {
  std::string_view name;
  void (*read)(const Item &item, TransportOptions &options);
};

constexpr std::array keys = {
    Key{"Mirrors", read_mirrors},
    Key{"Proxy", read_proxy},
    Key{"CACertificate", read_authorities},
    Key{"CredentialsFor", read_origins},
    Key{"BearerToken", read_token},
    Key{"Headers", read_headers},
    Key{"ClientCertificate",
        [](const Item &item, TransportOptions &options) {
          read_pem_secret(item, options.secrets.client_certificate);
        }},
    Key{"ClientKey",
        [](const Item &item, TransportOptions &options) {
          read_pem_secret(item, options.secrets.client_key);
        }},
    Key{"ParallelFetches",
        [](const Item &item, TransportOptions &options) {
          read_number(item, options.parallel_fetches, 1, 256);
        }},
    Key{"ConnectionsPerHost",
        [](const Item &item, TransportOptions &options) {
          read_number(item, options.connections_per_host, 1, 64);
        }},
    Key{"RetryMax",
        [](const Item &item, TransportOptions &options) {
          read_number(item, options.retry_max, 0, 1000);
        }},
    Key{"ConnectTimeoutSec",
        [](const Item &item, TransportOptions &options) {
          read_number(item, options.connect_timeout, 1, 3600);
        }},
    Key{"LowSpeed",
        [](const Item &item, TransportOptions &options) {
          read_number(item, options.low_speed, 1, std::uint64_t{1} << 30U);
        }},
    Key{"LowSpeedSec",
        [](const Item &item, TransportOptions &options) {
          read_number(item, options.low_speed_time, 1, 3600);
        }},
    Key{"DeadlineSec",
        [](const Item &item, TransportOptions &options) {
          read_number(item, options.deadline, 1, month_in_seconds);
        }},
};

void read_item(const Item &item, TransportOptions &options)
{
  const base::ConfigItem &config = item.config;
  if (config.section != "Transport")
    base::fail(base::Kind::config,
               "{}: the section [{}] is not known here; expected [Transport]",
               config.place(),
               config.section);
  const auto key = std::ranges::find(keys, config.key, &Key::name);
  if (key == keys.end())
    base::fail(base::Kind::config, "{}: {}= is not known here", config.place(), config.key);
  key->read(item, options);
}

void check_secrets(const Secrets &secrets)
{
  if (secrets.client_certificate.empty() != secrets.client_key.empty())
    base::fail(base::Kind::config,
               "transport.conf: ClientCertificate= and ClientKey= need each other");
  const bool has_any = !secrets.bearer_token.empty() || !secrets.headers.empty() ||
                       !secrets.client_certificate.empty();
  if (has_any && secrets.origins.empty())
    base::fail(base::Kind::config,
               "transport.conf: there are credentials, but CredentialsFor= names no server that "
               "may see them; add for example CredentialsFor=https://example.org");
}

} // namespace

TransportOptions read_transport_options(const TransportFiles &files)
{
  TransportOptions options;
  for (const base::ConfigItem &item : base::read_own_settings(files.root, "transport.conf"))
    read_item({item, files}, options);
  check_secrets(options.secrets);
  return options;
}

} // namespace updater
