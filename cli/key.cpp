// SPDX-License-Identifier: Apache-2.0
#include "bakery/root_rotation.hpp"
#include "bakery/signing_key.hpp"
#include "base/error.hpp"
#include "base/printable.hpp"
#include "cli/bakery_verbs.hpp"
#include "cli/table.hpp"

#include <algorithm>

namespace cli {

namespace {

using bakery::SigningKey;
using base::Kind;
using verity::MinisignKey;

constexpr std::size_t key_limit = 4096;

std::optional<std::string> password_of(const base::Host &host)
{
  return host.variable("STRAKE_KEY_PASSWORD");
}

/// The directory and the name of the files to be, without an ending.
base::SplitPath place_of(const std::string &argument)
{
  base::SplitPath place = base::split_path(path_value("key", argument));
  for (const std::string ending : {".key", ".pub"})
    if (place.name.ends_with(ending))
      place.name.resize(place.name.size() - ending.size());
  if (place.name.empty())
    base::fail(Kind::usage, "'key generate' takes the name of the files to be, as in \"vendor\"");
  return place;
}

int generate(const BakeryCall &call)
{
  if (call.options.arguments.size() != 2)
    base::fail(Kind::usage, "'key generate' takes one name");
  const base::SplitPath place = place_of(call.options.arguments[1]);
  const base::Dir dir = base::Dir::open_root(place.parent.empty() ? "/" : place.parent);
  const auto password = password_of(call.host);
  const SigningKey key = SigningKey::generate();
  if (call.options.dry_run)
    bakery::refuse_key_names(dir, place.name);
  else
    bakery::write_key_pair(call.host.sys, dir, place.name, key, password);
  const std::string secret = dir.display(place.name + ".key");
  const std::string shown = dir.display(place.name + ".pub");
  if (call.wants_json()) {
    call.print(json_text(
        {{"id", call.options.dry_run ? Value() : Value(verity::text_of(key.public_key().id))},
         {"secret", secret},
         {"public", shown},
         {"isEncrypted", password.has_value()},
         {"isDryRun", call.options.dry_run}},
        call.options.json));
    return 0;
  }
  call.print(fmt::format("{} {} ({}), which signs, and {}, by which clients trust it.\n",
                         call.options.dry_run ? "Would make" : "Made",
                         base::printable(secret),
                         password ? "encrypted" : "not encrypted: whoever reads it can sign",
                         base::printable(shown)));
  return 0;
}

/// What a file of a key is, as its text says.
struct KeyFile {
  std::string path;
  std::string kind; ///< "public", "secret"
  bool is_encrypted = false;
  std::optional<verity::MinisignKeyId>
      id{}; ///< nothing: it is only known by whoever can decrypt it
};

KeyFile look_at(const BakeryCall &call, const std::string &argument)
{
  const std::string path = path_value("key", argument);
  const auto text = base::Dir::open_root("/").text(path, key_limit);
  if (!text)
    base::fail(Kind::not_found, "there is no {}", path);
  if (const auto key = verity::parse_minisign_key(*text))
    return {.path = path, .kind = "public", .id = key->id};
  const bool is_encrypted = SigningKey::is_encrypted(*text, path);
  KeyFile file{.path = path, .kind = "secret", .is_encrypted = is_encrypted};
  if (!is_encrypted || password_of(call.host))
    file.id = SigningKey::parse(*text, path, password_of(call.host)).public_key().id;
  return file;
}

int list_keys(const BakeryCall &call)
{
  Value rows = Value::array();
  Table table({{"KEY"}, {"KIND"}, {"FILE"}});
  for (std::size_t index = 1; index < call.options.arguments.size(); ++index) {
    const KeyFile file = look_at(call, call.options.arguments[index]);
    const std::string id = file.id ? verity::text_of(*file.id) : "";
    rows.push_back({{"id", or_null(id)},
                    {"kind", file.kind},
                    {"isEncrypted", file.is_encrypted},
                    {"file", file.path}});
    table.add({id.empty() ? "-" : id,
               file.kind + (file.is_encrypted ? ", encrypted" : ""),
               base::printable(file.path)});
  }
  if (call.wants_json())
    call.print(json_text(rows, call.options.json));
  else
    call.print(table.text(call.options.legend ? Table::Header::yes : Table::Header::no));
  return 0;
}

std::vector<MinisignKey> read_public_keys(const std::vector<std::string> &paths)
{
  std::vector<MinisignKey> keys;
  for (const std::string &path : paths)
    keys.push_back(read_public_key(path));
  return keys;
}

bakery::RootChange change_of(const BakeryOptions &options)
{
  return {.repository = options.repository_name,
          .root_keys = read_public_keys(options.root_keys),
          .release_keys = read_public_keys(options.release_keys),
          .retired = read_public_keys(options.retired),
          .threshold = options.threshold,
          .release_threshold = options.release_threshold,
          .valid_for = options.has("valid-for") ? std::optional(options.valid_for) : std::nullopt};
}

Value ids_value(const verity::KeySet &set)
{
  Value ids = Value::array();
  for (const MinisignKey &each : set.keys)
    ids.push_back(verity::text_of(each.id));
  return {{"keys", ids}, {"threshold", set.threshold}};
}

/// What a signer has to see before the secret key is used: which keys there are, and since when.
std::string
keys_text(const std::string &role, const verity::KeySet &set, const verity::KeySet *before)
{
  std::string text;
  const auto is_in = [](const verity::KeySet &keys, const MinisignKey &key) {
    return std::find(keys.keys.begin(), keys.keys.end(), key) != keys.keys.end();
  };
  for (const MinisignKey &each : set.keys)
    text += fmt::format("{} {} {}\n",
                        before == nullptr || !is_in(*before, each) ? "+" : " ",
                        role,
                        verity::text_of(each.id));
  if (before != nullptr)
    for (const MinisignKey &each : before->keys)
      if (!is_in(set, each))
        text += fmt::format("- {} {}\n", role, verity::text_of(each.id));
  return text;
}

std::string text_of(const bakery::Rotation &rotation, bool is_dry_run)
{
  const verity::TrustRoot &root = rotation.root;
  const verity::TrustRoot *before = rotation.before ? &*rotation.before : nullptr;
  return keys_text("root   ", root.root, before != nullptr ? &before->root : nullptr) +
         keys_text("release", root.release, before != nullptr ? &before->release : nullptr) +
         fmt::format("{} of {} root keys change keys; good until {}\n",
                     root.root.threshold,
                     root.root.keys.size(),
                     verity::text_of(root.expires)) +
         (rotation.missing.empty()
              ? fmt::format("Version {} of the keys of {} {} in force.\n",
                            root.version,
                            root.repository,
                            is_dry_run ? "would be" : "is")
              : fmt::format("Version {} of the keys of {} {} for signatures: {}\n",
                            root.version,
                            root.repository,
                            is_dry_run ? "would wait" : "waits",
                            rotation.missing));
}

int rotate_keys(const BakeryCall &call)
{
  const BakeryOptions &options = call.options;
  if (options.arguments.size() != 2)
    base::fail(Kind::usage, "'key rotate' takes the directory of the versions of root.json");
  std::optional<SigningKey> signer;
  if (options.sign_with.size() > 1)
    base::fail(Kind::usage,
               "one key at a time signs a version of root.json; call it once for each");
  if (!options.sign_with.empty())
    signer = read_signing_key(call.host, options.sign_with.front());
  const auto rotation = bakery::rotate(
      call.host,
      {.directory = path_value("directory", options.arguments[1]),
       .change = change_of(options),
       .key = signer ? &*signer : nullptr,
       .doing = options.dry_run ? bakery::RotationDoing::tell : bakery::RotationDoing::perform});
  if (!call.wants_json()) {
    call.print(text_of(rotation, options.dry_run));
    return 0;
  }
  call.print(json_text({{"repository", rotation.root.repository},
                        {"version", rotation.root.version},
                        {"expires", verity::text_of(rotation.root.expires)},
                        {"root", ids_value(rotation.root.root)},
                        {"release", ids_value(rotation.root.release)},
                        {"isInForce", rotation.missing.empty()},
                        {"missing", or_null(rotation.missing)},
                        {"isDryRun", options.dry_run}},
                       options.json));
  return 0;
}

/// Of the options of this verb most are for a change of keys alone.
void refuse_options_of_rotate(const BakeryOptions &options)
{
  for (const char *name : {"sign-with",
                           "name",
                           "valid-for",
                           "root-key",
                           "release-key",
                           "retire",
                           "threshold",
                           "release-threshold"})
    if (options.has(name))
      base::fail(Kind::usage, "--{}= is for 'key rotate' alone", name);
}

} // namespace

MinisignKey read_public_key(const std::string &path)
{
  const auto text = base::Dir::open_root("/").text(path, key_limit);
  if (!text)
    base::fail(Kind::not_found, "there is no key {}", path);
  const auto key = verity::parse_minisign_key(*text);
  if (!key)
    base::fail(Kind::config, "{} is no public key in the format of minisign", path);
  return *key;
}

bakery::SigningKey read_signing_key(const base::Host &host, const std::string &path)
{
  const auto text = base::Dir::open_root("/").text(path, key_limit);
  if (!text)
    base::fail(Kind::not_found, "there is no key {}, which --sign-with= names", path);
  return SigningKey::parse(*text, path, password_of(host));
}

int key(const BakeryCall &call)
{
  const std::string &what = call.options.arguments.front();
  if (what == "rotate")
    return rotate_keys(call);
  refuse_options_of_rotate(call.options);
  if (what == "generate")
    return generate(call);
  if (what == "list" && call.options.arguments.size() > 1)
    return list_keys(call);
  base::fail(Kind::usage,
             "'key' takes \"generate NAME\", \"list FILE…\" or \"rotate DIR\", not \"{}\"",
             base::printable(what));
}

} // namespace cli
