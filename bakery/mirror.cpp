// SPDX-License-Identifier: Apache-2.0
#include "bakery/mirror.hpp"

#include "bakery/download.hpp"
#include "bakery/signed_index.hpp"
#include "base/error.hpp"

#include <algorithm>
#include <cctype>

namespace bakery {

namespace {

using base::Kind;

/// A small file as it comes.
class Text final : public base::Receiver {
public:
  void begin(const base::Response &) override { text.clear(); }

  void receive(base::Bytes data) override
  {
    text.append(reinterpret_cast<const char *>(data.data()), data.size());
  }

  std::string text;
};

/// A path as a URL; a URL as it is, less "/" at its end.
std::string url_of(const std::string &source)
{
  std::string url;
  if (source.find("://") != std::string::npos) {
    url = source;
  } else {
    url = "file://";
    for (const char letter : source) {
      const bool is_plain = std::isalnum(static_cast<unsigned char>(letter)) != 0 ||
                            std::string_view("/-._~").find(letter) != std::string_view::npos;
      url += is_plain ? std::string(1, letter)
                      : fmt::format("%{:02X}",
                                    static_cast<unsigned>(static_cast<unsigned char>(letter)));
    }
  }
  while (url.ends_with('/'))
    url.pop_back();
  return url;
}

std::optional<std::string>
fetch_text(const base::Host &host, const std::string &url, const std::string &path)
{
  Text receiver;
  const auto fetched = host.fetcher.fetch({{.urls = {url + "/" + path},
                                            .receiver = &receiver,
                                            .validator = {},
                                            .size_limit = verity::release_manifest_limit,
                                            .etag = {}}});
  if (fetched.front().state == base::FetchState::missing)
    return std::nullopt;
  return receiver.text;
}

/// Who signs lists now: where a root is believed, what follows on it is asked for one after the
/// other, and the last one counts.
verity::KeySet
fetch_signers(const base::Host &host, const std::string &url, const MirrorTrust &trust)
{
  if (!trust.root)
    return trust.keys;
  verity::TrustRoot root = *trust.root;
  while (true) {
    const std::string file = root_file(root.version + 1);
    const auto text = fetch_text(host, url, file);
    if (!text)
      break;
    root =
        verity::follow_root(root, *text, fetch_text(host, url, signatures_file(file)).value_or(""));
  }
  if (host.clock.now() >= root.expires)
    base::fail(Kind::stale,
               "version {} of the root was good until {}, so newer ones may be kept from this "
               "mirror; its publisher must make the next one",
               root.version,
               verity::text_of(root.expires));
  return root.release;
}

SignedIndex fetch_index(const base::Host &host, const std::string &url, const MirrorTrust &trust)
{
  const verity::KeySet signers = fetch_signers(host, url, trust);
  auto found = read_signed_index(
      [&](const std::string &path) { return fetch_text(host, url, path); }, signers);
  if (!found)
    base::fail(Kind::not_found, "{} has no manifest.json; is it the URL of a repository?", url);
  if (trust.root && found->index.repository != trust.root->repository)
    base::fail(Kind::untrusted,
               "{} is the repository {}, and the root that is believed is of {}",
               url,
               found->index.repository,
               trust.root->repository);
  return std::move(*found);
}

/// A list and its signature cannot be fetched in one step, and may be of two issues.
SignedIndex
fetch_index_again(const base::Host &host, const std::string &url, const MirrorTrust &trust)
{
  try {
    return fetch_index(host, url, trust);
  } catch (const base::Error &error) {
    if (error.kind() != Kind::untrusted)
      throw;
    host.say(base::Level::info, "{}; asking once more", error.what());
  }
  return fetch_index(host, url, trust);
}

void check_newness(const SignedIndex &offered,
                   const std::optional<SignedIndex> &present,
                   std::chrono::sys_seconds now)
{
  const Index &index = offered.index;
  if (now >= index.expires)
    base::fail(Kind::stale,
               "list {} of {} ended on {}, so newer ones may be kept from this mirror; its "
               "publisher must issue it anew",
               index.sequence,
               index.repository,
               verity::text_of(index.expires));
  if (!present)
    return;
  if (index.repository != present->index.repository)
    base::fail(Kind::untrusted,
               "this is the repository {}, and the mirror is of {}",
               index.repository,
               present->index.repository);
  if (index.sequence < present->index.sequence)
    base::fail(Kind::stale,
               "list {} is offered, and the mirror has list {} already",
               index.sequence,
               present->index.sequence);
  const auto &mine = present->channels.at(Channel::stable).manifest;
  if (index.sequence == present->index.sequence &&
      offered.channels.at(Channel::stable).manifest != mine)
    base::fail(Kind::untrusted,
               "list {} is not the list {} that the mirror has; its publisher signed two",
               index.sequence,
               index.sequence);
}

/// Who may have signed what the mirror has: whoever signs now, or did by an earlier root.
verity::KeySet signers_ever(const SignedIndex &offered, const MirrorTrust &trust)
{
  verity::KeySet signers = trust.keys;
  for (const SignedRoot &root : offered.index.roots)
    for (const verity::MinisignKey &key : root.root.release.keys)
      if (std::find(signers.keys.begin(), signers.keys.end(), key) == signers.keys.end())
        signers.keys.push_back(key);
  return signers;
}

std::optional<SignedIndex> present_index(const Repository &repository,
                                         const verity::KeySet &signers)
{
  if (!repository.dir())
    return std::nullopt;
  return read_signed_index(
      [&](const std::string &path) { return read_index_file(*repository.dir(), path); }, signers);
}

std::string own_url(const Repository &repository, const MirrorRequest &request)
{
  if (!request.url.empty())
    return request.url;
  const std::string kept = repository.url();
  return kept.empty() ? url_of(request.source) : kept;
}

} // namespace

Mirrored mirror(const base::Host &host, const MirrorRequest &request)
{
  const std::string source = url_of(request.source);
  Repository repository(host, request.repository, request.doing);
  const SignedIndex offered = fetch_index_again(host, source, request.trust);
  const auto present = present_index(repository, signers_ever(offered, request.trust));
  check_newness(offered, present, host.clock.now());
  if (present)
    repository.learn(present->index.all_files(), host.clock.now());
  const auto files = offered.index.all_files();
  const auto missing = repository.missing(files);
  Mirrored mirrored{.sequence = offered.index.sequence};
  for (const OfferedFile &file : missing) {
    mirrored.fetched.push_back(file.name.file);
    mirrored.bytes += file.size;
  }
  if (request.doing == Doing::tell)
    return mirrored;
  const std::string url = own_url(repository, request);
  repository.set_url(url);
  repository.remember();
  download(host, repository.incoming(), source, missing);
  repository.take_in(missing);
  const IndexFiles wanted = files_of(offered, url);
  if (!is_published(*repository.dir(), wanted))
    replace_index(host.sys, *repository.dir(), wanted, offered.index.issued);
  repository.learn(files, host.clock.now());
  repository.remember();
  return mirrored;
}

} // namespace bakery
