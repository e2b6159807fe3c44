// SPDX-License-Identifier: Apache-2.0
#include "updater/manifest_source.hpp"

#include "base/error.hpp"
#include "updater/fetch_url.hpp"
#include "updater/manifest_cache.hpp"
#include "updater/text_receiver.hpp"
#include "verity/openpgp.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace updater {

namespace {

using base::Kind;

constexpr std::string_view manifest_name = "SHA256SUMS";
constexpr std::array<std::string_view, 4> signature_endings = {
    ".gpg", ".asc", ".sha256.asc", ".sha256.gpg"};

base::Bytes bytes_of(const std::string &text)
{
  return std::as_bytes(std::span(text));
}

/// One mirror, being asked.
class Mirror {
public:
  Mirror(const base::Host &host, const std::string &base_url, const ManifestTrust &trust)
      : host_(host), base_url_(base_url), trust_(trust)
  {
    while (base_url_.ends_with('/'))
      base_url_.pop_back();
    url_ = fmt::format("{}/{}", base_url_, manifest_name);
    shown_ = Url::parse(url_).shown();
    now_ = std::max(host.clock.now(), trust.clock_floor.value_or(std::chrono::sys_seconds{}));
  }

  FetchedManifest ask()
  {
    return base::during("checking " + shown_, [this] {
      FetchedManifest result;
      result.base_url = base_url_;
      if (trust_.verify == Verify::yes) {
        verity::Verdict verdict = get_signed();
        result.fingerprint = std::move(verdict.fingerprint);
        result.signed_at = verdict.signed_at;
      } else {
        get_manifest(std::nullopt);
      }
      result.manifest = parse_manifest(received_.text);
      check_freshness(result.manifest, now_, trust_.freshness);
      // Only now, so that what was refused is never offered again from our own disk.
      if (trust_.verify == Verify::yes && !from_cache_)
        keep_manifest(host_, url_, received_);
      return result;
    });
  }

private:
  base::Fetched
  get(const std::string &url, std::size_t limit, TextReceiver &kept, const std::string &etag)
  {
    base::Fetch wanted;
    wanted.urls = {url};
    wanted.receiver = &kept;
    wanted.size_limit = limit;
    wanted.etag = etag;
    return host_.fetcher.fetch({wanted}).front();
  }

  void get_manifest(const std::optional<CachedManifest> &cached)
  {
    TextReceiver kept;
    const base::Fetched fetched = get(url_, manifest_limit, kept, cached ? cached->etag : "");
    if (fetched.state == base::FetchState::missing)
      base::fail(Kind::not_found,
                 "there is no {} at {}; is this the URL of a repository?",
                 manifest_name,
                 shown_);
    from_cache_ = cached && fetched.state == base::FetchState::not_modified;
    received_ = from_cache_ ? *cached : CachedManifest{fetched.response.etag, std::move(kept.text)};
  }

  verity::Verdict get_signed()
  {
    keyring_ = verity::read_keyring(host_);
    get_manifest(read_cached_manifest(host_, url_));
    verity::Verdict verdict = check_signatures();
    if (verdict.trusted)
      return verdict;
    // The publisher may have put a new pair in place between our two questions; or what was kept
    // is damaged.
    get_manifest(std::nullopt);
    verdict = check_signatures();
    if (!verdict.trusted)
      give_up(verdict);
    return verdict;
  }

  /// Tries the signatures under all their names; the reasons of those that were there are joined.
  verity::Verdict check_signatures()
  {
    unreachable_.reset();
    verity::Verdict refused;
    for (const std::string_view ending : signature_endings) {
      const std::optional<std::string> signature = get_signature(ending);
      if (!signature)
        continue;
      verity::Verdict verdict = verity::verify_openpgp(
          host_.programs, keyring_, bytes_of(received_.text), bytes_of(*signature), now_);
      if (verdict.trusted)
        return verdict;
      refused.why += fmt::format(
          "{}{}{}: {}", refused.why.empty() ? "" : "; ", manifest_name, ending, verdict.why);
    }
    return refused;
  }

  /// Servers that hide what is not there answer 401 or 403 where others say 404, so a failure for
  /// one name does not end the search.
  std::optional<std::string> get_signature(std::string_view ending)
  {
    TextReceiver kept;
    try {
      const base::Fetched fetched =
          get(fmt::format("{}{}", url_, ending), verity::signature_limit, kept, "");
      if (fetched.state == base::FetchState::missing)
        return std::nullopt;
      return std::move(kept.text);
    } catch (const base::Error &error) {
      if (error.kind() != Kind::network)
        throw;
      if (!unreachable_)
        unreachable_ = error;
      return std::nullopt;
    }
  }

  [[noreturn]] void give_up(const verity::Verdict &verdict) const
  {
    if (!verdict.why.empty())
      base::fail(Kind::untrusted, "no signature is good: {}", verdict.why);
    if (unreachable_)
      throw base::Error(*unreachable_);
    base::fail(Kind::untrusted,
               "{} is not signed: there is neither {}.gpg nor {}.asc beside it",
               manifest_name,
               manifest_name,
               manifest_name);
  }

  const base::Host &host_;
  std::string base_url_;
  ManifestTrust trust_;
  std::string url_;
  std::string shown_;
  std::chrono::sys_seconds now_;
  verity::Keyring keyring_;
  CachedManifest received_;
  bool from_cache_ = false;
  std::optional<base::Error> unreachable_; ///< the first failure to get a signature
};

} // namespace

FetchedManifest fetch_manifest(const base::Host &host,
                               const std::vector<std::string> &base_urls,
                               const ManifestTrust &trust)
{
  if (base_urls.empty())
    base::fail(Kind::internal, "a manifest is asked for without a URL");
  for (std::size_t n = 0; n + 1 < base_urls.size(); ++n) {
    try {
      return Mirror(host, base_urls[n], trust).ask();
    } catch (const base::Error &error) {
      host.say(base::Level::warning, "passing over a mirror: {}", error.what());
    }
  }
  return Mirror(host, base_urls.back(), trust).ask();
}

} // namespace updater
