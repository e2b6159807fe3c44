// SPDX-License-Identifier: Apache-2.0
#include "bakery/publish.hpp"

#include "bakery/collect.hpp"
#include "bakery/mirror.hpp"
#include "base/error.hpp"
#include "cli/bakery_verbs.hpp"
#include "cli/json.hpp"

namespace cli {

namespace {

using bakery::Publication;
using base::Kind;

std::vector<bakery::SigningKey> read_keys(const base::Host &host, const BakeryOptions &options)
{
  if (options.sign_with.empty())
    base::fail(Kind::usage,
               "--sign-with= has to name the secret key that signs the index; `strake key "
               "generate` makes one");
  std::vector<bakery::SigningKey> keys;
  for (const std::string &path : options.sign_with)
    keys.push_back(read_signing_key(host, path));
  return keys;
}

std::string repository_of(const BakeryOptions &options)
{
  if (options.repository.empty())
    base::fail(Kind::usage, "--repository= has to say where the repository is");
  return options.repository;
}

bakery::SigningKeys signing_keys(const BakeryOptions &options,
                                 const std::vector<bakery::SigningKey> &keys)
{
  bakery::SigningKeys signing{.gpg_key = options.gpg_key};
  for (const bakery::SigningKey &key : keys)
    signing.keys.push_back(&key);
  return signing;
}

bakery::RepositoryRequest request_of(const BakeryOptions &options,
                                     const std::vector<bakery::SigningKey> &keys)
{
  return {.repository = repository_of(options),
          .keys = signing_keys(options, keys),
          .valid_for = options.valid_for,
          .doing = options.dry_run ? bakery::Doing::tell : bakery::Doing::perform,
          .url = options.url};
}

void show(const BakeryCall &call, const Publication &publication)
{
  if (call.wants_json())
    return call.print(json_text({{"sequence", publication.sequence},
                                 {"isDryRun", call.options.dry_run},
                                 {"added", publication.added},
                                 {"unchanged", publication.unchanged},
                                 {"withdrawn", publication.withdrawn},
                                 {"upload", publication.upload}},
                                call.options.json));
  for (const std::string &file : publication.added)
    call.print(fmt::format("+ {}\n", file));
  for (const std::string &file : publication.withdrawn)
    call.print(fmt::format("- {}\n", file));
  call.print(fmt::format("{} {} of {}: {} new, {} unchanged, {} withdrawn\n",
                         call.options.dry_run ? "Would publish list" : "Published list",
                         publication.sequence,
                         call.options.repository,
                         publication.added.size(),
                         publication.unchanged.size(),
                         publication.withdrawn.size()));
}

bakery::VersionRequest version_request(const BakeryOptions &options,
                                       const std::vector<bakery::SigningKey> &keys)
{
  if (options.arguments.size() != 2)
    base::fail(Kind::usage, "'{}' takes a name and a version", options.verb);
  return {request_of(options, keys), options.arguments[0], options.arguments[1], options.reason};
}

/// A public key, or a root.json and all that follows on it.
bakery::MirrorTrust read_trust(const std::string &path)
{
  const auto text = base::Dir::open_root("/").text(path, verity::trust_root_limit);
  if (text && text->starts_with('{'))
    return {.keys = {}, .root = verity::parse_trust_root(*text, path)};
  return {.keys = {.keys = {read_public_key(path)}}, .root = {}};
}

} // namespace

int publish(const BakeryCall &call)
{
  const auto keys = read_keys(call.host, call.options);
  bakery::PublishRequest request{request_of(call.options, keys)};
  for (const std::string &directory : call.options.arguments)
    request.directories.push_back(path_value("directory", directory));
  request.channel = call.options.channel;
  request.lint = call.options.lint ? bakery::Lint::required : bakery::Lint::left_out;
  request.name = call.options.repository_name;
  request.keys_directory = call.options.keys;
  show(call, bakery::publish(call.host, request));
  return 0;
}

int promote(const BakeryCall &call)
{
  const auto keys = read_keys(call.host, call.options);
  show(call, bakery::promote(call.host, version_request(call.options, keys)));
  return 0;
}

int withdraw(const BakeryCall &call)
{
  const auto keys = read_keys(call.host, call.options);
  if (call.options.reason.empty())
    base::fail(Kind::usage, "--reason= has to say why, in one line, to those who have the version");
  show(call, bakery::withdraw(call.host, version_request(call.options, keys)));
  return 0;
}

int collect(const BakeryCall &call)
{
  const BakeryOptions &options = call.options;
  if (!options.arguments.empty())
    base::fail(Kind::usage, "'gc' takes no arguments");
  const auto collected =
      bakery::collect(call.host,
                      {.repository = repository_of(options),
                       .older_than = options.older_than,
                       .doing = options.dry_run ? bakery::Doing::tell : bakery::Doing::perform});
  Value list = Value::array();
  std::uint64_t bytes = 0;
  for (const bakery::Collected &each : collected) {
    list.push_back({{"file", each.file}, {"size", each.size}});
    bytes += each.size;
  }
  if (call.wants_json()) {
    call.print(
        json_text({{"isDryRun", options.dry_run}, {"removed", std::move(list)}, {"bytes", bytes}},
                  options.json));
    return 0;
  }
  for (const bakery::Collected &each : collected)
    call.print(fmt::format("- {}\n", each.file));
  call.print(fmt::format("{} {} files, {} bytes\n",
                         options.dry_run ? "Would remove" : "Removed",
                         collected.size(),
                         bytes));
  return 0;
}

int mirror(const BakeryCall &call)
{
  const BakeryOptions &options = call.options;
  if (options.arguments.size() != 2)
    base::fail(Kind::usage,
               "'mirror' takes a URL, or a directory, and the directory of the mirror");
  if (options.trust.empty())
    base::fail(Kind::usage, "--trust= has to name the public key that signs the repository");
  const std::string &source = options.arguments[0];
  const bool is_url = source.find("://") != std::string::npos;
  const auto mirrored =
      bakery::mirror(call.host,
                     {.source = is_url ? source : path_value("source", source),
                      .repository = path_value("directory", options.arguments[1]),
                      .trust = read_trust(options.trust),
                      .url = options.url,
                      .doing = options.dry_run ? bakery::Doing::tell : bakery::Doing::perform});
  if (call.wants_json())
    call.print(json_text({{"sequence", mirrored.sequence},
                          {"isDryRun", options.dry_run},
                          {"fetched", mirrored.fetched},
                          {"bytes", mirrored.bytes}},
                         options.json));
  else
    call.print(fmt::format("{} list {}: {} files, {} bytes\n",
                           options.dry_run ? "Would mirror" : "Mirrored",
                           mirrored.sequence,
                           mirrored.fetched.size(),
                           mirrored.bytes));
  return 0;
}

} // namespace cli
