// SPDX-License-Identifier: Apache-2.0
#include "bakery/root_rotation.hpp"

#include "bakery/signed_root.hpp"
#include "base/durable.hpp"
#include "base/error.hpp"
#include "verity/release_manifest.hpp"

#include <algorithm>
#include <span>

namespace bakery {

namespace {

using base::Dir;
using base::Kind;
using verity::KeySet;
using verity::MinisignKey;
using verity::TrustRoot;

constexpr const char *draft_file = "next.root.json";
constexpr std::chrono::seconds usual_validity = std::chrono::hours(24 * 365);

bool has(const KeySet &set, const MinisignKey &key)
{
  return std::find(set.keys.begin(), set.keys.end(), key) != set.keys.end();
}

void add_keys(KeySet &set, const std::vector<MinisignKey> &keys)
{
  for (const MinisignKey &key : keys) {
    const bool is_known =
        std::any_of(set.keys.begin(), set.keys.end(), [&](const MinisignKey &other) {
          return other.key == key.key || other.id == key.id;
        });
    if (is_known)
      base::fail(Kind::usage, "the key {} is there already", verity::text_of(key.id));
    set.keys.push_back(key);
  }
}

void retire(TrustRoot &root, const std::vector<MinisignKey> &keys)
{
  for (const MinisignKey &key : keys)
    if (std::erase(root.root.keys, key) + std::erase(root.release.keys, key) == 0)
      base::fail(Kind::usage,
                 "the key {} is not in the root, so it cannot be retired",
                 verity::text_of(key.id));
}

std::uint64_t threshold_of(const TrustRoot &root, const RootChange &change)
{
  const std::size_t keys = root.root.keys.size();
  if (keys == 0 || root.release.keys.empty())
    base::fail(
        Kind::usage,
        "a root takes at least one key of each kind; --root-key= and --release-key= add some");
  if (root.version == 1 && keys > 1 && !change.threshold)
    base::fail(Kind::usage, "--threshold= has to say how many of the {} root keys must sign", keys);
  const std::uint64_t threshold = change.threshold.value_or(root.root.threshold);
  if (threshold == 0 || threshold > keys)
    base::fail(Kind::usage,
               "{} of the root keys would have to sign, and there are {}; see --threshold=",
               threshold,
               keys);
  return threshold;
}

/// All versions there are were checked.
std::optional<SignedRoot> newest_root(const Dir &dir)
{
  auto roots = base::during("reading the keys in " + dir.path(), [&] {
    return read_roots(
        [&](const std::string &file) { return dir.text(file, verity::signatures_limit); });
  });
  if (roots.empty())
    return std::nullopt;
  return std::move(roots.back());
}

/// The version that waits for signatures, which may be of somebody else.
std::optional<SignedRoot> waiting_root(const Dir &dir, const std::optional<SignedRoot> &present)
{
  const auto text = dir.text(draft_file, verity::trust_root_limit);
  if (!text)
    return std::nullopt;
  SignedRoot draft{
      .root = verity::parse_trust_root(*text, dir.display(draft_file)),
      .text = *text,
      .signatures = dir.text(signatures_file(draft_file), verity::signatures_limit).value_or("")};
  if (present && draft.text == present->text) // a cut came before it was taken away
    return draft;
  const std::uint64_t version = present ? present->root.version + 1 : 1;
  if (draft.root.version != version ||
      (present && draft.root.repository != present->root.repository))
    base::fail(Kind::untrusted,
               "{} is version {} for {}, and version {} has to come next; remove it to begin anew",
               dir.display(draft_file),
               draft.root.version,
               draft.root.repository,
               version);
  return draft;
}

std::string missing_of(const std::optional<TrustRoot> &present, const SignedRoot &next)
{
  auto why = present ? verity::refusal_of(next.text, next.signatures, present->root) : std::nullopt;
  if (!why)
    why = verity::refusal_of(next.text, next.signatures, next.root.root);
  return why.value_or("");
}

void sign(SignedRoot &next, const std::optional<TrustRoot> &present, const SigningKey &key)
{
  const MinisignKey signer = key.public_key();
  if (!has(next.root.root, signer) && !(present && has(present->root, signer)))
    base::fail(Kind::usage,
               "the key {} is no root key, neither before nor after, so its signature says nothing",
               verity::text_of(signer.id));
  if (!verity::refusal_of(next.text, next.signatures, {.keys = {signer}}))
    return; // it has
  const std::string comment =
      fmt::format("strake root {} {}", next.root.repository, next.root.version);
  next.signatures += key.sign(std::as_bytes(std::span(next.text)), comment);
}

/// The signatures come first: what is to be seen has them.
void write(base::Sys &sys, const Dir &dir, const std::string &file, const SignedRoot &root)
{
  base::replace_file(sys, dir, signatures_file(file), root.signatures);
  base::replace_file(sys, dir, file, root.text);
}

void put_in_force(base::Sys &sys, const Dir &dir, const SignedRoot &root)
{
  write(sys, dir, root_file(root.root.version), root);
  write(sys, dir, "root.json", root);
  base::remove_tree(sys, dir, draft_file);
  base::remove_tree(sys, dir, signatures_file(draft_file));
  sys.sync(dir);
}

SignedRoot made_root(const std::optional<TrustRoot> &present,
                     const RootChange &change,
                     std::chrono::sys_seconds now)
{
  if (change.is_empty())
    base::fail(Kind::usage,
               "no change of keys waits for a signature; --root-key=, --release-key=, --retire=, "
               "--threshold= and --valid-for= make one");
  const TrustRoot root = next_root(present, change, now);
  return {root, text_of(root), ""};
}

} // namespace

TrustRoot next_root(const std::optional<TrustRoot> &present,
                    const RootChange &change,
                    std::chrono::sys_seconds now)
{
  TrustRoot root = present.value_or(TrustRoot{.version = 0});
  if (present && !change.repository.empty() && change.repository != root.repository)
    base::fail(Kind::usage, "the repository is called {}, for ever", root.repository);
  if (!present && !verity::is_manifest_name(change.repository))
    base::fail(Kind::usage,
               "--name= has to say what the repository is called, in letters, digits and -._+~^@:");
  if (!present)
    root.repository = change.repository;
  root.version += 1;
  root.issued = now;
  root.expires = now + change.valid_for.value_or(usual_validity);
  retire(root, change.retired);
  add_keys(root.root, change.root_keys);
  add_keys(root.release, change.release_keys);
  root.root.threshold = threshold_of(root, change);
  root.release.threshold = change.release_threshold.value_or(root.release.threshold);
  if (root.release.threshold == 0 || root.release.threshold > root.release.keys.size())
    base::fail(Kind::usage,
               "{} of the release keys would have to sign, and there are {}; see "
               "--release-threshold=",
               root.release.threshold,
               root.release.keys.size());
  return root;
}

Rotation rotate(const base::Host &host, const RotationRequest &request)
{
  const Dir dir = Dir::open_root(request.directory);
  const bool performs = request.doing == RotationDoing::perform;
  const auto present = newest_root(dir);
  auto waiting = waiting_root(dir, present);
  if (waiting && present && waiting->text == present->text) {
    if (performs)
      put_in_force(host.sys, dir, *present);
    waiting.reset();
  }
  if (waiting && !request.change.is_empty())
    base::fail(Kind::usage,
               "{} waits for signatures; sign it, or remove it to begin anew",
               dir.display(draft_file));
  const auto before = present ? std::optional(present->root) : std::nullopt;
  SignedRoot next = waiting ? *waiting : made_root(before, request.change, host.clock.now());
  if (request.key != nullptr)
    sign(next, before, *request.key);
  Rotation rotation{.before = before, .root = next.root, .missing = missing_of(before, next)};
  if (performs)
    write(host.sys, dir, draft_file, next);
  if (performs && rotation.missing.empty())
    put_in_force(host.sys, dir, next);
  return rotation;
}

} // namespace bakery
