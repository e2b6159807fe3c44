// SPDX-License-Identifier: Apache-2.0
#include "updater/release_source.hpp"

#include "base/durable.hpp"
#include "base/error.hpp"
#include "base/os_release.hpp"
#include "updater/fetch_url.hpp"
#include "updater/manifest_cache.hpp"
#include "updater/text_receiver.hpp"
#include "verity/manifest_trust.hpp"

#include <algorithm>
#include <span>

namespace updater {

namespace {

using base::Kind;
using verity::TrustRoot;

constexpr std::string_view marks_directory = "/var/lib/strake/trust";
/// A machine that slept through more changes of keys than this needs a hand.
constexpr unsigned most_root_steps = 64;

/// A manifest and its signatures, as they came or were kept.
struct Pair {
  CachedManifest manifest;
  std::string signatures;
  bool is_kept = false; ///< the server says that it is what was kept
};

/// One repository, being asked.
class Repository {
public:
  Repository(const base::Host &host, const ReleaseSource &source, Remember remember)
      : host_(host), source_(source), remember_(remember), url_(source.url)
  {
    while (url_.ends_with('/'))
      url_.pop_back();
    now_ = std::max(host.clock.now(), system_build_time(host).value_or(std::chrono::sys_seconds{}));
  }

  FetchedReleases ask()
  {
    read_trust();
    read_marks();
    Pair pair = get(read_cached_manifest(host_, address("manifest.json")));
    // A new root comes with a new list; but where the list stays the same, the root may end.
    if (!pair.is_kept || is_root_over())
      follow_roots();
    verity::TrustedManifest trusted = judge(pair);
    remember(pair, trusted.marks);
    return {std::move(trusted.manifest), url_, now_};
  }

private:
  [[nodiscard]] std::string address(std::string_view name) const
  {
    return fmt::format("{}/{}", url_, name);
  }

  /// The key or root that the administrator gave, and what became of it since.
  void read_trust()
  {
    const auto text = source_.trust_text.empty() ? host_.root.text(source_.trust)
                                                 : std::optional(source_.trust_text);
    if (!text)
      base::fail(Kind::not_found,
                 "there is no {}, by which {} is to be trusted",
                 host_.root.display(source_.trust),
                 Url::parse(url_).shown());
    if (text->starts_with('{')) {
      root_ = verity::parse_trust_root(*text, host_.root.display(source_.trust));
    } else if (const auto key = verity::parse_minisign_key(*text)) {
      keys_ = {.keys = {*key}, .threshold = 1};
    } else {
      base::fail(Kind::config,
                 "{} is neither a public key of minisign nor a root.json",
                 host_.root.display(source_.trust));
    }
    const std::string name = fmt::format("{}\n{}\n{}", url_, source_.channel, *text);
    mark_ = verity::hex(verity::digest_of(std::as_bytes(std::span(name))));
    const auto newer = host_.root.text(marks_path("root.json"));
    if (root_ && newer) // written by us, from what was found good
      root_ = verity::parse_trust_root(*newer, host_.root.display(marks_path("root.json")));
  }

  [[nodiscard]] std::string marks_path(std::string_view ending) const
  {
    return fmt::format("{}/{}.{}", marks_directory, mark_, ending);
  }

  void read_marks()
  {
    const auto text = host_.root.text(marks_path("json"));
    if (!text)
      return;
    marks_ = verity::parse_marks(*text);
    if (!marks_)
      host_.say(base::Level::warning,
                "{} is damaged; the repository is taken as never seen before",
                host_.root.display(marks_path("json")));
  }

  base::Fetched fetch(const std::string &name,
                      std::size_t limit,
                      TextReceiver &kept,
                      const std::string &etag = "",
                      base::Absence absence = base::Absence::by_all)
  {
    base::Fetch wanted;
    wanted.absence = absence;
    wanted.urls = {address(name)};
    wanted.receiver = &kept;
    wanted.size_limit = limit;
    wanted.etag = etag;
    return host_.fetcher.fetch({wanted}).front();
  }

  std::string fetch_or_nothing(const std::string &name,
                               std::size_t limit,
                               base::Absence absence = base::Absence::by_all)
  {
    TextReceiver kept;
    const bool is_there = fetch(name, limit, kept, "", absence).state == base::FetchState::complete;
    return is_there ? std::move(kept.text) : std::string();
  }

  Pair get(const std::optional<CachedManifest> &cached)
  {
    const auto signatures = read_cached_manifest(host_, address("manifest.json.minisig"));
    const bool has_kept = cached && signatures && signatures->etag == cached->etag;
    TextReceiver kept;
    const base::Fetched fetched =
        fetch("manifest.json", verity::release_manifest_limit, kept, has_kept ? cached->etag : "");
    if (fetched.state == base::FetchState::missing)
      base::fail(Kind::not_found,
                 "there is no {}; is this the URL of a repository?",
                 Url::parse(address("manifest.json")).shown());
    if (has_kept && fetched.state == base::FetchState::not_modified)
      return {*cached, signatures->text, true};
    return {{fetched.response.etag, std::move(kept.text)},
            fetch_or_nothing("manifest.json.minisig", verity::signatures_limit)};
  }

  /// Each version as soon as it is found good, whatever comes of the manifest: a key that was taken
  /// out of use must not be believed again because somebody breaks the rest. That there is none is
  /// believed of any mirror: nothing signs that, and what bounds how long somebody can hide one is
  /// the day on which the last one ends.
  void follow_roots()
  {
    for (unsigned step = 0; root_ && step < most_root_steps; ++step) {
      const std::string name = fmt::format("{}.root.json", root_->version + 1);
      const std::string text =
          fetch_or_nothing(name, verity::trust_root_limit, base::Absence::by_one);
      if (text.empty())
        break;
      root_ = verity::follow_root(
          *root_, text, fetch_or_nothing(name + ".minisig", verity::signatures_limit));
      host_.say(base::Level::notice,
                "{}: its keys are those of version {} of the root from now on",
                Url::parse(url_).shown(),
                root_->version);
      if (remember_ == Remember::yes)
        write(marks_path("root.json"), text);
    }
    if (is_root_over())
      base::fail(Kind::stale,
                 "freeze: version {} of the root was good until {}",
                 root_->version,
                 verity::text_of(root_->expires));
  }

  [[nodiscard]] bool is_root_over() const { return root_ && now_ >= root_->expires; }

  [[nodiscard]] verity::ManifestClaim claim() const
  {
    auto release = base::read_os_release(host_.root);
    return {.keys = root_ ? root_->release : keys_,
            .repository = root_ ? root_->repository : "",
            .root = root_ ? root_->version : 0,
            .channel = source_.channel,
            .product = release["IMAGE_ID"],
            .client = STRAKE_VERSION,
            .now = now_};
  }

  /// What was kept may be damaged, and the publisher may have put a new pair in place between our
  /// two questions.
  verity::TrustedManifest judge(Pair &pair)
  {
    if (verity::refusal_of(pair.manifest.text, pair.signatures, claim().keys)) {
      pair = get(std::nullopt);
      follow_roots();
    }
    return base::during("checking " + Url::parse(address("manifest.json")).shown(), [&] {
      return verity::judge_manifest(pair.manifest.text, pair.signatures, claim(), marks_);
    });
  }

  void remember(const Pair &pair, const verity::TrustMarks &marks)
  {
    if (!pair.is_kept) {
      keep_manifest(host_, address("manifest.json"), pair.manifest);
      keep_manifest(host_, address("manifest.json.minisig"), {pair.manifest.etag, pair.signatures});
    }
    if (remember_ == Remember::yes && marks_ != marks)
      write(marks_path("json"), text_of(marks));
  }

  void write(const std::string &path, const std::string &text)
  {
    const base::Dir dir = base::make_path(host_.sys, host_.root, marks_directory);
    base::replace_file(host_.sys, dir, base::split_path(path).name, text);
  }

  const base::Host &host_;
  const ReleaseSource &source_;
  Remember remember_;
  std::string url_;
  std::chrono::sys_seconds now_;
  verity::KeySet keys_;
  std::optional<TrustRoot> root_;
  std::string mark_; ///< name of this source among the marks
  std::optional<verity::TrustMarks> marks_;
};

} // namespace

FetchedReleases
fetch_releases(const base::Host &host, const ReleaseSource &source, Remember remember)
{
  return Repository(host, source, remember).ask();
}

std::optional<std::chrono::sys_seconds> system_build_time(const base::Host &host)
{
  const auto status = host.root.target_status("/usr/lib/os-release");
  if (!status)
    return std::nullopt;
  return std::chrono::sys_seconds(std::chrono::seconds(status->st_mtim.tv_sec));
}

} // namespace updater
