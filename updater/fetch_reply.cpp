// SPDX-License-Identifier: Apache-2.0
#include "updater/fetch_reply.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <ranges>

namespace updater {

namespace {

constexpr std::size_t most_bytes = std::size_t{64} * 1024;
constexpr std::size_t most_lines = 100;

std::string_view trim(std::string_view text)
{
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// Digits only: no sign, no space, no overflow.
std::optional<std::uint64_t> number(std::string_view text)
{
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return value;
}

bool is_name_character(char character)
{
  return character > 0x20 && character < 0x7f && character != ':';
}

bool is_control(char character)
{
  const auto value = static_cast<unsigned char>(character);
  return (value < 0x20 && value != '\t') || value == 0x7f;
}

Failure refuse(std::string why)
{
  return {Remedy::another_mirror, std::move(why)};
}

Failure start_over(std::string why)
{
  return {Remedy::start_over, std::move(why)};
}

std::optional<std::time_t> date(const std::optional<std::string> &text)
{
  if (!text)
    return std::nullopt;
  const std::time_t value = curl_getdate(text->c_str(), nullptr);
  if (value < 0)
    return std::nullopt;
  return value;
}

/// A weak ETag may be the same for different bytes, so it must not join two halves. The same goes
/// for a time of change so close to the answer that another change could share its second.
std::string validator_of(const Head &head)
{
  constexpr std::time_t settled = 60;
  const auto etag = head.one("etag");
  if (etag && etag->starts_with('"'))
    return *etag;
  const auto modified = date(head.one("last-modified"));
  const auto sent = date(head.one("date"));
  if (modified && sent && *modified + settled <= *sent)
    return *head.one("last-modified");
  return {};
}

base::Response response_of(const Head &head, std::uint64_t offset)
{
  return {.offset = offset,
          .size = std::nullopt,
          .validator = validator_of(head),
          .etag = head.one("etag").value_or(""),
          .url = {}};
}

struct ContentRange {
  std::optional<std::pair<std::uint64_t, std::uint64_t>> part; ///< first and last byte
  std::optional<std::uint64_t> total;
};

/// "bytes 5-9/10", "bytes 5-9/*" or "bytes */10".
std::optional<ContentRange> parse_content_range(std::string_view text)
{
  constexpr std::string_view unit = "bytes ";
  const auto slash = text.find('/');
  if (!text.starts_with(unit) || slash == std::string_view::npos)
    return std::nullopt;
  const std::string_view range = text.substr(unit.size(), slash - unit.size());
  const std::string_view total = text.substr(slash + 1);
  ContentRange parsed;
  if (total != "*") {
    parsed.total = number(total);
    if (!parsed.total)
      return std::nullopt;
  }
  if (range == "*")
    return parsed;
  const auto dash = range.find('-');
  if (dash == std::string_view::npos)
    return std::nullopt;
  const auto first = number(range.substr(0, dash));
  const auto last = number(range.substr(dash + 1));
  if (!first || !last || *last < *first || (parsed.total && *last >= *parsed.total))
    return std::nullopt;
  parsed.part = {*first, *last};
  return parsed;
}

/// What makes any body unfit, whatever the status.
std::optional<Failure> object_to_framing(const Head &head)
{
  for (const std::string_view name :
       {"content-length", "content-range", "content-encoding", "transfer-encoding", "location"})
    if (head.conflicting(name))
      return refuse(fmt::format("the answer has two different {} fields", name));
  if (const auto encoding = head.one("content-encoding"); encoding && *encoding != "identity")
    return refuse("the answer is encoded (Content-Encoding) although that was not asked for");
  const auto transfer = head.one("transfer-encoding");
  if (transfer && *transfer != "chunked" && *transfer != "identity")
    return refuse("the answer has a Transfer-Encoding other than chunked");
  const auto length = head.one("content-length");
  if (length && !number(*length))
    return refuse("the answer's Content-Length is not a number");
  if (length && transfer && *transfer == "chunked")
    return refuse("the answer is chunked and has a Content-Length as well");
  return std::nullopt;
}

Judgement deliver(base::Response response, const Asked &asked)
{
  if (asked.size_limit != 0 && response.size && *response.size > asked.size_limit)
    return refuse(fmt::format("the object has {} bytes, more than the {} that are allowed",
                              *response.size,
                              asked.size_limit));
  return Deliver{std::move(response)};
}

Judgement judge_whole(const Head &head, const Asked &asked)
{
  if (auto failure = object_to_framing(head))
    return *std::move(failure);
  base::Response response = response_of(head, 0);
  if (const auto length = head.one("content-length"))
    response.size = number(*length);
  return deliver(std::move(response), asked);
}

/// True if the answer names another state of the object than the one whose beginning we have.
bool has_changed(const Head &head, const std::string &validator)
{
  const auto now = head.one(validator.starts_with('"') ? "etag" : "last-modified");
  return now && *now != validator;
}

Judgement judge_part(const Head &head, const Asked &asked)
{
  if (asked.from == 0)
    return refuse("the answer is a part (206) although the whole was asked for");
  if (auto failure = object_to_framing(head))
    return *std::move(failure);
  const auto range = parse_content_range(head.one("content-range").value_or(""));
  if (!range || !range->part || !range->total)
    return start_over("the answer is a part (206) that does not say which (Content-Range)");
  const auto [first, last] = *range->part;
  if (first != asked.from || last + 1 != *range->total)
    return start_over(fmt::format("bytes {} to the end were asked for, the answer has {}-{} of {}",
                                  asked.from,
                                  first,
                                  last,
                                  *range->total));
  const auto length = head.one("content-length");
  if (length && number(*length) != last - first + 1)
    return start_over("the answer's Content-Length and Content-Range contradict each other");
  if (has_changed(head, asked.validator))
    return start_over("the object changed while it was fetched");
  base::Response response = response_of(head, asked.from);
  response.validator = asked.validator;
  response.size = range->total;
  return deliver(std::move(response), asked);
}

/// With If-Range, a server says 416 only if the object is still the same; so if it ends where our
/// bytes end, we have it all.
Judgement judge_unsatisfied(const Head &head, const Asked &asked)
{
  if (asked.from == 0)
    return refuse("the server refuses a range (416) although none was asked for");
  const auto range = parse_content_range(head.one("content-range").value_or(""));
  if (range && !range->part && range->total == asked.from && !has_changed(head, asked.validator)) {
    base::Response response = response_of(head, asked.from);
    response.validator = asked.validator;
    response.size = asked.from;
    return AlreadyWhole{std::move(response)};
  }
  return start_over("the server has no bytes where the fetch was to go on (416)");
}

Judgement judge_redirect(const Head &head)
{
  if (head.conflicting("location"))
    return refuse("the answer redirects to two different places");
  const auto location = head.one("location");
  if (!location || location->empty())
    return refuse(fmt::format("the answer redirects ({}) without saying where", head.status));
  return Redirect{*location};
}

std::optional<std::chrono::seconds> retry_after(const Head &head, std::chrono::sys_seconds now)
{
  const auto text = head.one("retry-after");
  if (!text)
    return std::nullopt;
  constexpr std::uint64_t day = 86400;
  if (const auto seconds = number(*text))
    return std::chrono::seconds(std::min(*seconds, day));
  const auto until = date(text);
  if (!until)
    return std::nullopt;
  const std::chrono::sys_seconds then{std::chrono::seconds(*until)};
  return std::max(std::chrono::seconds(0), then - now);
}

bool may_pass(int status)
{
  switch (status) {
  case 408: // Request Timeout
  case 425: // Too Early
  case 429: // Too Many Requests
  case 500:
  case 502:
  case 503:
  case 504:
    return true;
  default:
    return status > 511 && status < 600; // what proxies and networks for delivery make up
  }
}

Failure judge_failure(const Head &head, std::chrono::sys_seconds now)
{
  const int status = head.status;
  if (may_pass(status))
    return {Remedy::retry,
            fmt::format("the server answers {}", status),
            base::Kind::network,
            retry_after(head, now)};
  switch (status) {
  case 401:
  case 403:
    return refuse(fmt::format(
        "the server refuses access ({}): credentials are missing or not the right ones", status));
  case 407:
    return refuse("the proxy wants credentials (407)");
  case 511:
    return refuse("this network wants a login before it lets anything through (511)");
  default:
    return refuse(fmt::format("the server answers {}, which makes no sense here", status));
  }
}

} // namespace

std::optional<std::string> Head::one(std::string_view name) const
{
  const auto found = std::ranges::find(fields, name, &std::pair<std::string, std::string>::first);
  if (found == fields.end())
    return std::nullopt;
  return found->second;
}

bool Head::conflicting(std::string_view name) const
{
  const auto first = one(name);
  return std::ranges::any_of(
      fields, [&](const auto &field) { return field.first == name && field.second != *first; });
}

HeadReader HeadReader::for_file()
{
  HeadReader reader;
  reader.has_status_ = true;
  reader.head_.status = 200;
  return reader;
}

HeadReader::State HeadReader::add(std::string_view data)
{
  bytes_ += data.size();
  if (bytes_ > most_bytes)
    refuse(fmt::format("the answer's head is larger than {} bytes", most_bytes));
  while (!data.empty() && state_ != State::refused) {
    const auto end = data.find('\n');
    std::string_view line = data.substr(0, end);
    data.remove_prefix(end == std::string_view::npos ? data.size() : end + 1);
    if (line.ends_with('\r'))
      line.remove_suffix(1);
    if (++lines_ > most_lines + 1)
      refuse(fmt::format("the answer's head has more than {} fields", most_lines));
    else if (state_ == State::reading)
      add_line(line);
  }
  return state_;
}

void HeadReader::add_line(std::string_view line)
{
  if (!has_status_) {
    const auto space = line.find(' ');
    const auto status =
        space == std::string_view::npos ? std::nullopt : number(line.substr(space + 1, 3));
    if (!line.starts_with("HTTP/") || !status || *status < 100)
      return refuse("the answer does not begin with an HTTP status");
    head_.status = static_cast<int>(*status);
    has_status_ = true;
    return;
  }
  if (!line.empty())
    return add_field(line);
  if (head_.status >= 200) {
    state_ = State::whole;
    return;
  }
  head_ = {}; // an interim answer (1xx): the real one follows
  has_status_ = false;
}

void HeadReader::add_field(std::string_view line)
{
  const auto colon = line.find(':');
  const std::string_view name = line.substr(0, colon);
  if (colon == std::string_view::npos || name.empty() ||
      !std::ranges::all_of(name, is_name_character))
    return refuse("the answer's head has a line that is not a field");
  if (std::ranges::any_of(line, is_control))
    return refuse("the answer's head has a control character in it");
  std::string lower(name);
  std::ranges::transform(lower, lower.begin(), [](char character) {
    return character >= 'A' && character <= 'Z' ? static_cast<char>(character - 'A' + 'a')
                                                : character;
  });
  head_.fields.emplace_back(std::move(lower), trim(line.substr(colon + 1)));
}

void HeadReader::refuse(std::string why)
{
  state_ = State::refused;
  why_ = std::move(why);
}

Judgement judge(const Head &head, const Asked &asked, std::chrono::sys_seconds now)
{
  switch (head.status) {
  case 200:
    return judge_whole(head, asked);
  case 206:
    return judge_part(head, asked);
  case 301:
  case 302:
  case 303:
  case 307:
  case 308:
    return judge_redirect(head);
  case 304:
    if (asked.etag.empty())
      return refuse("the server says that nothing changed (304) although nobody asked");
    return NotModified{};
  case 404:
  case 410:
    return Missing{};
  case 416:
    return judge_unsatisfied(head, asked);
  default:
    return judge_failure(head, now);
  }
}

} // namespace updater
