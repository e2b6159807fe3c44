// SPDX-License-Identifier: Apache-2.0
#include "bakery/signed_index.hpp"

#include "bakery/catalogue_page.hpp"
#include "bakery/checksum_list.hpp"
#include "bakery/definition_files.hpp"
#include "bakery/openpgp_signer.hpp"
#include "base/error.hpp"

#include <algorithm>
#include <set>

namespace bakery {

namespace {

using base::Kind;
using verity::MinisignKey;
using verity::ReleaseManifest;

constexpr const char *manifest_file = "manifest.json";
constexpr const char *manifest_signature_file = "manifest.json.minisig";
constexpr const char *checksums_file = "SHA256SUMS";
constexpr const char *checksums_signature_file = "SHA256SUMS.gpg";
constexpr const char *keyring_file = "import-pubring.gpg";
constexpr const char *keyring_signature_file = "import-pubring.gpg.minisig";
constexpr const char *key_file = "minisign.pub";
constexpr const char *keyring_comment = "strake keyring";

/// Where the files of a channel lie.
std::string place_of(Channel channel)
{
  return channel == Channel::stable ? "" : std::string(name(channel)) + "/";
}

base::Bytes bytes_of(const std::string &text)
{
  return std::as_bytes(std::span(text));
}

std::string comment_of(Channel channel, std::uint64_t sequence)
{
  return fmt::format("strake {} {}", name(channel), sequence);
}

ReleaseManifest manifest_of(const Index &index, Channel channel)
{
  return {.repository = index.repository,
          .channel = std::string(name(channel)),
          .sequence = index.sequence,
          .issued = index.issued,
          .expires = index.expires,
          .keys = index.roots.size(),
          .releases = index.releases(channel)};
}

/// What systemd's tools read; it follows from the manifest alone, which it names as well.
std::string checksums_of(const Index &index, Channel channel, const std::string &manifest)
{
  Checksums files;
  for (const OfferedFile &file : index.files(channel))
    files.emplace(file.name.file, file.sha256);
  files.emplace(manifest_file, verity::digest_of(bytes_of(manifest)));
  return checksum_list(files, std::chrono::floor<std::chrono::days>(index.expires));
}

ChannelFiles sign_channel(const Index &index, Channel channel, const SigningKeys &keys)
{
  ChannelFiles files;
  files.manifest = verity::text_of(manifest_of(index, channel));
  for (const SigningKey *key : keys.keys)
    files.manifest_signature +=
        key->sign(bytes_of(files.manifest), comment_of(channel, index.sequence));
  files.checksums = checksums_of(index, channel, files.manifest);
  return files;
}

/// Gives the first of those who signed; that key is published beside the manifest.
MinisignKey demand_signed(const std::string &path,
                          const std::string &text,
                          const std::string &signatures,
                          const verity::KeySet &keys)
{
  if (const auto why = verity::refusal_of(text, signatures, keys))
    base::fail(Kind::untrusted, "{}: {}", path, *why);
  const auto signer = verity::first_signer(text, signatures, keys);
  return signer.value();
}

/// The keyring is signed by one.
void demand_keyring_signed(const std::string &text,
                           const std::string &signature,
                           const MinisignKey &key)
{
  const auto [read, refusal] = verity::parse_minisign(signature);
  std::string why = refusal;
  if (read)
    why = verity::refusal_of(*read, key, verity::minisign_digest(bytes_of(text))).value_or("");
  if (why.empty() && read->trusted_comment != keyring_comment)
    why = fmt::format("is for \"{}\", and not for \"{}\"", read->trusted_comment, keyring_comment);
  if (!why.empty())
    base::fail(Kind::untrusted, "the signature of {} {}", keyring_file, why);
}

std::string read_or_empty(const ReadFile &read, const std::string &path)
{
  return read(path).value_or("");
}

/// Reads one channel into the index; false if there is none.
bool read_channel(SignedIndex &into,
                  Channel channel,
                  const ReadFile &read,
                  const verity::KeySet &keys)
{
  const std::string place = place_of(channel);
  const auto manifest = read(place + manifest_file);
  if (!manifest)
    return false;
  ChannelFiles files{.manifest = *manifest,
                     .manifest_signature = read_or_empty(read, place + manifest_signature_file),
                     .checksums = {},
                     .checksums_signature = {}};
  const MinisignKey signer =
      demand_signed(place + manifest_file, files.manifest, files.manifest_signature, keys);
  if (channel == Channel::stable)
    into.key = signer;
  ReleaseManifest parsed = verity::parse_release_manifest(files.manifest, place + manifest_file);
  if (parsed.channel != name(channel))
    base::fail(Kind::untrusted,
               "{}{} is of the channel {}, and was put in the place of {}",
               place,
               manifest_file,
               parsed.channel,
               name(channel));
  Index &index = into.index;
  if (channel == Channel::stable)
    index.roots = read_roots(read, parsed.keys);
  if (parsed.keys != index.roots.size())
    base::fail(Kind::untrusted,
               "{}{} goes by version {} of the root, and there are {}",
               place,
               manifest_file,
               parsed.keys,
               index.roots.size());
  if (channel != Channel::stable &&
      (parsed.sequence != index.sequence || parsed.repository != index.repository))
    base::fail(Kind::untrusted,
               "{}{} is list {} of {}, and the one beside it {} of {}",
               place,
               manifest_file,
               parsed.sequence,
               parsed.repository,
               index.sequence,
               index.repository);
  index.repository = parsed.repository;
  index.sequence = parsed.sequence;
  index.issued = parsed.issued;
  index.expires = parsed.expires;
  index.releases(channel) = std::move(parsed.releases);
  files.checksums = checksums_of(index, channel, files.manifest);
  if (read(place + checksums_file) == files.checksums)
    files.checksums_signature = read_or_empty(read, place + checksums_signature_file);
  into.channels[channel] = std::move(files);
  return true;
}

void put(IndexFiles &files, const std::string &path, std::string text)
{
  if (!text.empty())
    files[path] = {.kind = IndexFile::Kind::file, .text = std::move(text)};
}

void put_lists(IndexFiles &files, Channel channel, const ChannelFiles &texts)
{
  const std::string place = place_of(channel);
  put(files, place + manifest_file, texts.manifest);
  put(files, place + manifest_signature_file, texts.manifest_signature);
  put(files, place + checksums_file, texts.checksums);
  put(files, place + checksums_signature_file, texts.checksums_signature);
}

void put_keys(IndexFiles &files, Channel channel, const SignedIndex &signed_index)
{
  const std::string place = place_of(channel);
  put(files, place + key_file, verity::file_text(signed_index.key));
  put(files, place + keyring_file, signed_index.openpgp_keyring);
  put(files, place + keyring_signature_file, signed_index.keyring_signature);
}

/// Pages and definitions of a channel, and links to content that lies elsewhere.
void put_pages(IndexFiles &files,
               Channel channel,
               const SignedIndex &signed_index,
               const std::string &url)
{
  const std::string place = place_of(channel);
  const Index &index = signed_index.index;
  const std::string end = place.empty() ? "" : "/" + std::string(name(channel));
  const Site site{.name = index.repository,
                  .url = url + end,
                  .openpgp_keyring = signed_index.openpgp_keyring,
                  .minisign_key = verity::encoded(signed_index.key),
                  .sequence = index.sequence,
                  .issued = index.issued,
                  .expires = index.expires};
  const Catalogue catalogue = catalogue_of(index.releases(channel));
  put(files, place + "index.html", catalogue_page(catalogue, site));
  for (const OfferedName &offered : catalogue) {
    const std::string extensions = place + "extensions/";
    put(files, extensions + offered.name + ".html", extension_page(offered, site));
    for (auto &[file, text] : definition_files(offered, site))
      put(files, extensions + file, std::move(text));
  }
  if (channel != Channel::stable)
    for (const OfferedFile &file : index.files(channel))
      files[place + file.name.file] = {.kind = IndexFile::Kind::link,
                                       .text = "../../../" + file.name.file};
}

/// Clients ask for the next version beside the list that they follow, whichever channel it is of.
void put_roots(IndexFiles &files, Channel channel, const std::vector<SignedRoot> &roots)
{
  const auto put_root = [&](const std::string &file, const SignedRoot &root) {
    put(files, place_of(channel) + file, root.text);
    put(files, place_of(channel) + signatures_file(file), root.signatures);
  };
  for (const SignedRoot &root : roots)
    put_root(root_file(root.root.version), root);
  if (!roots.empty())
    put_root("root.json", roots.back());
}

/// Throws where one of these keys is not to sign lists, or they are too few.
void demand_release_keys(const verity::TrustRoot &root, const SigningKeys &signing)
{
  const auto &keys = root.release.keys;
  std::set<verity::MinisignKeyId> distinct;
  for (const SigningKey *each : signing.keys) {
    const MinisignKey key = each->public_key();
    if (std::find(keys.begin(), keys.end(), key) == keys.end())
      base::fail(Kind::usage,
                 "version {} of the root does not have the key {} sign lists; sign with one that "
                 "it has, or bring a newer version with --keys=",
                 root.version,
                 verity::text_of(key.id));
    distinct.insert(key.id);
  }
  if (distinct.size() < root.release.threshold)
    base::fail(Kind::usage,
               "version {} of the root has {} keys sign each list, and here are {}; give each with "
               "--sign-with=",
               root.version,
               root.release.threshold,
               distinct.size());
}

/// No list is signed that clients would refuse.
void demand_signers(const Index &index, const SigningKeys &signing)
{
  if (index.roots.empty() && signing.keys.size() > 1)
    base::fail(Kind::usage,
               "without a root.json one key signs; `strake key rotate` makes one that has several "
               "sign, and --keys= brings it");
  if (index.roots.empty())
    return;
  const verity::TrustRoot &root = index.roots.back().root;
  demand_release_keys(root, signing);
  if (root.repository != index.repository)
    base::fail(Kind::usage,
               "the root is of the repository {}, and not of {}",
               root.repository,
               index.repository);
  if (index.issued >= root.expires)
    base::fail(Kind::stale,
               "version {} of the root was good until {}; `strake key rotate` makes the next one",
               root.version,
               verity::text_of(root.expires));
}

} // namespace

SignedIndex sign(const base::Host &host, Index index, const SigningKeys &keys)
{
  demand_signers(index, keys);
  const SigningKey &first = *keys.keys.front();
  SignedIndex made{.index = std::move(index),
                   .channels = {},
                   .key = first.public_key(),
                   .openpgp_keyring = {},
                   .keyring_signature = {}};
  made.channels[Channel::stable] = sign_channel(made.index, Channel::stable, keys);
  if (!made.index.candidate.empty())
    made.channels[Channel::candidate] = sign_channel(made.index, Channel::candidate, keys);
  if (keys.gpg_key.empty())
    return made;
  const OpenPgpSigner signer(host, keys.gpg_key);
  for (auto &[channel, files] : made.channels)
    files.checksums_signature = signer.sign(files.checksums);
  made.openpgp_keyring = signer.public_key();
  made.keyring_signature = first.sign(bytes_of(made.openpgp_keyring), keyring_comment);
  return made;
}

std::optional<SignedIndex> read_signed_index(const ReadFile &read, const verity::KeySet &keys)
{
  SignedIndex found{
      .index = {}, .channels = {}, .key = {}, .openpgp_keyring = {}, .keyring_signature = {}};
  if (!read_channel(found, Channel::stable, read, keys))
    return std::nullopt;
  (void)read_channel(found, Channel::candidate, read, keys);
  if (auto keyring = read(keyring_file)) {
    found.keyring_signature = read_or_empty(read, keyring_signature_file);
    demand_keyring_signed(*keyring, found.keyring_signature, found.key);
    found.openpgp_keyring = std::move(*keyring);
  }
  return found;
}

IndexFiles files_of(const SignedIndex &signed_index, const std::string &url)
{
  IndexFiles files;
  for (const auto &[channel, texts] : signed_index.channels) {
    put_lists(files, channel, texts);
    put_keys(files, channel, signed_index);
    put_roots(files, channel, signed_index.index.roots);
    put_pages(files, channel, signed_index, url);
  }
  return files;
}

} // namespace bakery
