// SPDX-License-Identifier: Apache-2.0
#include "bakery/signing_key.hpp"
#include "base/error.hpp"
#include "base/printable.hpp"
#include "cli/bakery_verbs.hpp"
#include "cli/table.hpp"

namespace cli {

namespace {

using bakery::SigningKey;
using base::Kind;

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
    rows.push_back({{"id", id.empty() ? Value() : Value(id)},
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

} // namespace

int key(const BakeryCall &call)
{
  const std::string &what = call.options.arguments.front();
  if (what == "generate")
    return generate(call);
  if (what == "list" && call.options.arguments.size() > 1)
    return list_keys(call);
  base::fail(Kind::usage,
             "'key' takes \"generate NAME\" or \"list FILE…\", not \"{}\"",
             base::printable(what));
}

} // namespace cli
