// SPDX-License-Identifier: Apache-2.0
#include "updater/fetch_attempt.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cstring>

namespace updater {

namespace {

/// The body of an answer that is no use is read up to here, because that is cheaper than a new
/// connection.
constexpr std::size_t most_discarded = std::size_t{64} * 1024;

constexpr unsigned most_redirects = 5;

// openssl/x509_vfy.h; libcurl hands the number through.
constexpr long certificate_not_yet_valid = 9;
constexpr long certificate_expired = 10;

template <typename Value> void set(CURL *handle, CURLoption option, Value value)
{
  const CURLcode code = curl_easy_setopt(handle, option, value);
  if (code == CURLE_OUT_OF_MEMORY)
    base::fail(base::Kind::no_space, "there is no memory for a request");
  if (code != CURLE_OK)
    base::fail(base::Kind::internal,
               "libcurl does not know option {}: {}",
               static_cast<int>(option),
               curl_easy_strerror(code));
}

void set_blob(CURL *handle, CURLoption option, const std::string &text)
{
  curl_blob blob = {};
  blob.data = const_cast<char *>(text.data()); // copied, as the flag says
  blob.len = text.size();
  blob.flags = CURL_BLOB_COPY;
  set(handle, option, &blob);
}

const char *protocol_name(Scheme scheme)
{
  switch (scheme) {
  case Scheme::http:
    return "http";
  case Scheme::https:
    return "https";
  case Scheme::file:
    return "file";
  }
  base::fail(base::Kind::internal, "a URL has no scheme");
}

} // namespace

FetchAttempt::FetchAttempt(AttemptPlan plan)
    : plan_(std::move(plan)), handle_(curl_easy_init()), position_(plan_.asked.from)
{
  if (!handle_)
    base::fail(base::Kind::no_space, "there is no memory for a request");
  if (plan_.url.scheme() == Scheme::file)
    reader_ = HeadReader::for_file();
  set_up();
  set_up_secrets();
  set(handle(), CURLOPT_HTTPHEADER, headers_.get());
}

void FetchAttempt::set_up()
{
  const TransportOptions &options = plan_.options;
  set(handle(), CURLOPT_URL, plan_.url.secret_text().c_str());
  set(handle(), CURLOPT_PROTOCOLS_STR, protocol_name(plan_.url.scheme()));
  set(handle(), CURLOPT_FOLLOWLOCATION, 0L); // follow() decides, not libcurl
  set(handle(), CURLOPT_USERAGENT, "strake/" STRAKE_VERSION);
  set(handle(), CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  // Never CURLOPT_PIPEWAIT: where a request could not be sent, libcurl 7.88 keeps the connection
  // and has all others wait for ever to learn whether it can be shared.
  if (plan_.connection == Connection::fresh)
    set(handle(), CURLOPT_FRESH_CONNECT, 1L);
  set(handle(), CURLOPT_BUFFERSIZE, 256L * 1024);
  set(handle(), CURLOPT_TCP_KEEPALIVE, 1L);
  set(handle(), CURLOPT_ERRORBUFFER, curl_text_.data());
  set(handle(), CURLOPT_HEADERFUNCTION, &FetchAttempt::on_head);
  set(handle(), CURLOPT_HEADERDATA, static_cast<void *>(this));
  set(handle(), CURLOPT_WRITEFUNCTION, &FetchAttempt::on_body);
  set(handle(), CURLOPT_WRITEDATA, static_cast<void *>(this));
  set(handle(), CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  set(handle(), CURLOPT_HEADEROPT, static_cast<long>(CURLHEADER_SEPARATE));

  set(handle(), CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_timeout.count()));
  set(handle(), CURLOPT_LOW_SPEED_LIMIT, static_cast<long>(options.low_speed));
  set(handle(), CURLOPT_LOW_SPEED_TIME, static_cast<long>(options.low_speed_time.count()));
  // 0 would be no limit.
  set(handle(), CURLOPT_TIMEOUT_MS, static_cast<long>(std::max(1L, plan_.time_left.count())));

  if (options.proxy)
    set(handle(), CURLOPT_PROXY, options.proxy->c_str());
  set(handle(), CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!options.authorities.empty()) {
    // The built-in places would be trusted in addition.
    set(handle(), CURLOPT_CAINFO, static_cast<char *>(nullptr));
    set(handle(), CURLOPT_CAPATH, static_cast<char *>(nullptr));
    set_blob(handle(), CURLOPT_CAINFO_BLOB, options.authorities);
  }

  if (plan_.asked.ask == base::Ask::head)
    set(handle(), CURLOPT_NOBODY, 1L);
  if (plan_.asked.from != 0) {
    add_header(fmt::format("Range: bytes={}-", plan_.asked.from));
    add_header("If-Range: " + plan_.asked.validator);
  }
  if (!plan_.asked.etag.empty())
    add_header("If-None-Match: " + plan_.asked.etag);
}

void FetchAttempt::set_up_secrets()
{
  const Secrets &secrets = plan_.options.secrets;
  const auto is_for_this_origin = [this](const std::string &origin) {
    const UrlCheck checked = Url::check(origin);
    return checked.url && checked.url->origin() == plan_.url.origin();
  };
  if (!std::ranges::any_of(secrets.origins, is_for_this_origin))
    return;
  if (!secrets.bearer_token.empty())
    add_header("Authorization: Bearer " + secrets.bearer_token);
  for (const Header &header : secrets.headers)
    add_header(header.name + ": " + header.value);
  if (secrets.client_certificate.empty())
    return;
  set(handle(), CURLOPT_SSLCERTTYPE, "PEM");
  set(handle(), CURLOPT_SSLKEYTYPE, "PEM");
  set_blob(handle(), CURLOPT_SSLCERT_BLOB, secrets.client_certificate);
  set_blob(handle(), CURLOPT_SSLKEY_BLOB, secrets.client_key);
}

void FetchAttempt::add_header(const std::string &line)
{
  curl_slist *longer = curl_slist_append(headers_.get(), line.c_str());
  if (longer == nullptr)
    base::fail(base::Kind::no_space, "there is no memory for a request");
  static_cast<void>(headers_.release()); // the same list, now owned by its new head
  headers_.reset(longer);
}

/// An exception must not pass through libcurl, which is C: it is kept for end(), and 0 instead of
/// the size makes libcurl stop.
template <typename Body> std::size_t FetchAttempt::guarded(Body body) noexcept
{
  try {
    return body();
  } catch (...) {
    thrown_ = std::current_exception();
    return 0;
  }
}

std::size_t FetchAttempt::on_head(char *data, std::size_t one, std::size_t size, void *self)
{
  auto *attempt = static_cast<FetchAttempt *>(self);
  return attempt->guarded([&] { return attempt->take_head({data, one * size}); });
}

std::size_t FetchAttempt::on_body(char *data, std::size_t one, std::size_t size, void *self)
{
  auto *attempt = static_cast<FetchAttempt *>(self);
  return attempt->guarded([&] { return attempt->take_body({data, one * size}); });
}

std::size_t FetchAttempt::take_head(std::string_view data)
{
  const HeadReader::State state = reader_.add(data);
  if (state == HeadReader::State::refused) {
    judgement_ = Failure{Remedy::another_mirror, reader_.why()};
    return 0;
  }
  if (state == HeadReader::State::whole && !judgement_) {
    judgement_ = judge(reader_.head(), plan_.asked, plan_.clock.now());
    if (const auto *wanted = std::get_if<Deliver>(&*judgement_))
      begin(wanted->response);
  }
  return data.size();
}

std::size_t FetchAttempt::take_body(std::string_view data)
{
  if (!response_) {
    discarded_ += data.size();
    return discarded_ <= most_discarded ? data.size() : 0;
  }
  const std::uint64_t limit = plan_.asked.size_limit;
  if (limit != 0 && data.size() > limit - position_) {
    judgement_ =
        Failure{Remedy::another_mirror,
                fmt::format("the object goes on after the {} bytes that are allowed", limit)};
    return 0;
  }
  plan_.receiver->receive(std::as_bytes(std::span(data)));
  position_ += data.size();
  plan_.progress(position_, response_->size);
  return data.size();
}

void FetchAttempt::begin(base::Response response)
{
  response.url = plan_.url.shown();
  response_ = std::move(response);
  position_ = response_->offset;
  if (plan_.asked.ask == base::Ask::body)
    plan_.receiver->begin(*response_);
}

Judgement FetchAttempt::end(CURLcode code)
{
  if (thrown_)
    base::during("fetching " + plan_.url.shown(), [this] { std::rethrow_exception(thrown_); });
  if (!judgement_)
    return failure_of(code);
  if (auto *whole = std::get_if<AlreadyWhole>(&*judgement_)) {
    base::during("fetching " + plan_.url.shown(), [&] { begin(whole->response); });
    return Deliver{*response_};
  }
  if (!std::holds_alternative<Deliver>(*judgement_))
    return *std::move(judgement_); // how the rest of an answer that is no use ended says nothing
  if (code != CURLE_OK)
    return failure_of(code);
  if (plan_.asked.ask == base::Ask::body && response_->size && position_ != *response_->size)
    return Failure{Remedy::retry,
                   fmt::format("only {} of {} bytes came", position_, *response_->size)};
  return Deliver{*response_};
}

Failure FetchAttempt::failure_of(CURLcode code) const
{
  const std::string text =
      std::strlen(curl_text_.data()) != 0 ? curl_text_.data() : curl_easy_strerror(code);
  switch (code) {
  case CURLE_PEER_FAILED_VERIFICATION: {
    long result = 0;
    curl_easy_getinfo(handle(), CURLINFO_SSL_VERIFYRESULT, &result);
    const bool about_time = result == certificate_not_yet_valid || result == certificate_expired;
    return {Remedy::another_mirror,
            text + (about_time ? "; is this machine's clock right?" : ""),
            base::Kind::untrusted};
  }
  case CURLE_SSL_CERTPROBLEM:
  case CURLE_SSL_CACERT_BADFILE:
    return {Remedy::another_mirror, text, base::Kind::config};
  case CURLE_OUT_OF_MEMORY:
    return {Remedy::another_mirror, text, base::Kind::no_space};
  case CURLE_UNSUPPORTED_PROTOCOL: // also an answer without any head, as in HTTP/0.9
  case CURLE_WEIRD_SERVER_REPLY:
  case CURLE_URL_MALFORMAT:
    return {Remedy::another_mirror, text};
  default:
    return {Remedy::retry, text};
  }
}

std::optional<Judgement> judge_file(const Url &url)
{
  struct stat status = {};
  if (::stat(url.path().c_str(), &status) != 0) {
    if (errno == ENOENT || errno == ENOTDIR)
      return Missing{};
    return Failure{Remedy::another_mirror, std::strerror(errno), base::Kind::io};
  }
  if (!S_ISREG(status.st_mode))
    return Failure{Remedy::another_mirror, "it is not a regular file", base::Kind::config};
  return std::nullopt;
}

std::variant<Url, Failure> follow(const Url &from, const std::string &location, unsigned redirects)
{
  if (redirects >= most_redirects)
    return Failure{Remedy::another_mirror,
                   fmt::format("the server redirects more than {} times", most_redirects)};
  const UrlCheck to = from.resolve(location);
  if (!to.url)
    return Failure{Remedy::another_mirror,
                   "the server redirects to a URL that cannot be used: " + to.why};
  if (to.url->scheme() == Scheme::file)
    return Failure{Remedy::another_mirror,
                   "the server redirects to a file of this machine",
                   base::Kind::untrusted};
  if (from.scheme() == Scheme::https && to.url->scheme() == Scheme::http)
    return Failure{Remedy::another_mirror,
                   "the server redirects from https to http, which anybody on the way can change",
                   base::Kind::untrusted};
  return *to.url;
}

} // namespace updater
