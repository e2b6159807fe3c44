// SPDX-License-Identifier: Apache-2.0
#include "overlay/generation.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <set>

namespace overlay {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::array classes = {Class::sysext, Class::confext};
constexpr std::array kinds = {ImageKind::directory,
                              ImageKind::subvolume,
                              ImageKind::raw,
                              ImageKind::block,
                              ImageKind::mstack};
constexpr std::array protections = {verity::Protection::unprotected,
                                    verity::Protection::encrypted,
                                    verity::Protection::verity,
                                    verity::Protection::signed_verity};

Json json_of(const Identity &identity)
{
  Json json;
  if (identity.root_hash)
    json["rootHash"] = verity::hex(*identity.root_hash);
  json["mount"] = identity.mount;
  json["inode"] = identity.inode;
  json["handleType"] = identity.handle_type;
  json["handle"] = identity.handle;
  json["made"] = identity.made_us;
  json["changed"] = identity.changed_us;
  json["content"] = identity.content;
  return json;
}

Json json_of(const Topics &topics)
{
  Json json = Json::object();
  for (const auto &[topic, names] : topics)
    json[std::string(facts(topic).name)] = names;
  return json;
}

Json json_of(const UsedExtension &used)
{
  const Image &image = used.candidate.image;
  Json json = {{"name", image.name},
               {"type", name(image.kind)},
               {"path", image.path},
               {"found", image.found},
               {"version", image.version},
               {"identity", json_of(used.candidate.identity)},
               {"protection", verity::name(used.protection)},
               {"signer", used.signer},
               {"trustedBy", used.trusted_by},
               {"topics", json_of(used.topics)},
               {"reloadManager", used.wishes.reload_manager},
               {"restartUnits", used.wishes.restart_units},
               {"reloadOrRestartUnits", used.wishes.reload_or_restart_units}};
  if (used.loop)
    json["loop"] = {{"number", used.loop->device.number},
                    {"sequence", used.loop->device.sequence},
                    {"fileSystem", used.loop->file_system},
                    {"place", used.loop->place}};
  return json;
}

Json json_of(const std::vector<UsedExtension> &all)
{
  Json json = Json::array();
  for (const UsedExtension &used : all)
    json.push_back(json_of(used));
  return json;
}

/// Reads members of an object; from the first one on that is missing or of another type nothing
/// counts any more.
class Members {
public:
  explicit Members(const Json &json) : json_(json), is_good_(json.is_object()) {}

  [[nodiscard]] bool is_good() const { return is_good_; }

  const Json *find(const char *name)
  {
    const auto found = is_good_ ? json_.find(name) : json_.end();
    is_good_ = is_good_ && found != json_.end();
    return is_good_ ? &*found : nullptr;
  }

  void read(const char *name, std::string &field)
  {
    if (const Json *json = find(name); require(json != nullptr && json->is_string()))
      field = json->get<std::string>();
  }

  void read(const char *name, std::vector<std::string> &field)
  {
    if (const Json *json = find(name); require(json != nullptr && json->is_array()))
      for (const Json &each : *json)
        if (require(each.is_string()))
          field.push_back(each.get<std::string>());
  }

  void read(const char *name, bool &field)
  {
    if (const Json *json = find(name); require(json != nullptr && json->is_boolean()))
      field = json->get<bool>();
  }

  template <typename Number> void read_number(const char *name, Number &field)
  {
    if (const Json *json = find(name); require(json != nullptr && json->is_number_integer()))
      field = json->get<Number>();
  }

  template <typename Word, std::size_t count>
  void read_word(const char *key, const std::array<Word, count> &words, Word &field)
  {
    std::string text;
    read(key, text);
    const auto found =
        std::find_if(words.begin(), words.end(), [&](Word word) { return name(word) == text; });
    if (require(found != words.end()))
      field = *found;
  }

  bool require(bool holds)
  {
    is_good_ = is_good_ && holds;
    return is_good_;
  }

private:
  const Json &json_;
  bool is_good_;
};

bool read_identity(const Json &json, Identity &identity)
{
  Members members(json);
  if (json.contains("rootHash")) {
    std::string text;
    members.read("rootHash", text);
    identity.root_hash = verity::parse_sha256(text);
    members.require(identity.root_hash.has_value());
  }
  members.read_number("mount", identity.mount);
  members.read_number("inode", identity.inode);
  members.read_number("handleType", identity.handle_type);
  members.read("handle", identity.handle);
  members.read_number("made", identity.made_us);
  members.read_number("changed", identity.changed_us);
  members.read("content", identity.content);
  return members.is_good();
}

bool read_loop(const Json &json, LoopMount &loop)
{
  Members members(json);
  members.read_number("number", loop.device.number);
  members.read_number("sequence", loop.device.sequence);
  members.read("fileSystem", loop.file_system);
  members.read("place", loop.place);
  return members.is_good();
}

bool read_topics(const Json &json, Topics &topics)
{
  Members members(json);
  std::size_t known = 0;
  for (const TopicFacts &row : topic_table())
    if (json.contains(row.name)) {
      members.read(row.name.data(), topics[row.self]);
      ++known;
    }
  return members.require(known == json.size());
}

bool read_used(const Json &json, UsedExtension &used)
{
  Members members(json);
  Image &image = used.candidate.image;
  members.read("name", image.name);
  members.read_word("type", kinds, image.kind);
  members.read("path", image.path);
  members.read("found", image.found);
  members.read("version", image.version);
  members.read_word("protection", protections, used.protection);
  members.read("signer", used.signer);
  members.read("trustedBy", used.trusted_by);
  members.read("reloadManager", used.wishes.reload_manager);
  members.read("restartUnits", used.wishes.restart_units);
  members.read("reloadOrRestartUnits", used.wishes.reload_or_restart_units);
  const Json *topics = members.find("topics");
  members.require(topics != nullptr && read_topics(*topics, used.topics));
  const Json *identity = members.find("identity");
  members.require(is_valid_image_name(image.name) && identity != nullptr &&
                  read_identity(*identity, used.candidate.identity));
  if (members.is_good() && json.contains("loop"))
    members.require(read_loop(json["loop"], used.loop.emplace()));
  return members.is_good();
}

bool read_all(const Json *json, std::vector<UsedExtension> &all)
{
  return json != nullptr && json->is_array() &&
         std::all_of(json->begin(), json->end(), [&](const Json &each) {
           return read_used(each, all.emplace_back());
         });
}

/// Each name once: sets are looked into by names.
bool has_unique_names(const UsedSet &set)
{
  std::set<std::string> names;
  const auto all = set.all();
  return std::all_of(all.begin(), all.end(), [&](const UsedExtension *used) {
    return names.insert(used->candidate.image.name).second;
  });
}

bool read_set(const Json &json, UsedSet &set)
{
  Members members(json);
  return read_all(members.find("above"), set.above) && read_all(members.find("below"), set.below) &&
         has_unique_names(set);
}

bool is_same(const std::vector<UsedExtension> &one, const std::vector<UsedExtension> &other)
{
  return std::equal(one.begin(),
                    one.end(),
                    other.begin(),
                    other.end(),
                    [](const UsedExtension &left, const UsedExtension &right) {
                      return is_same_image(left, right);
                    });
}

} // namespace

std::vector<const UsedExtension *> UsedSet::all() const
{
  std::vector<const UsedExtension *> all;
  for (const auto *part : {&below, &above})
    for (const UsedExtension &used : *part)
      all.push_back(&used);
  return all;
}

const UsedExtension *UsedSet::find(const std::string &name) const
{
  const auto everything = all();
  const auto found = std::find_if(everything.begin(), everything.end(), [&](const auto *used) {
    return used->candidate.image.name == name;
  });
  return found == everything.end() ? nullptr : *found;
}

bool is_same_image(const UsedExtension &one, const UsedExtension &other)
{
  return one.candidate.image.name == other.candidate.image.name &&
         one.candidate.image.path == other.candidate.image.path &&
         is_same(one.candidate.identity, other.candidate.identity, Boot::any);
}

const UsedSet &set_of(const Generation &generation, Class extension_class)
{
  static const UsedSet nothing;
  const auto found = generation.sets.find(extension_class);
  return found == generation.sets.end() ? nothing : found->second;
}

bool is_same_set(const Generation &one, const Generation &other)
{
  return std::all_of(classes.begin(), classes.end(), [&](Class each) {
    const UsedSet &mine = set_of(one, each);
    const UsedSet &others = set_of(other, each);
    return is_same(mine.above, others.above) && is_same(mine.below, others.below);
  });
}

std::string text_of(const Generation &generation)
{
  Json json = {{"generation", generation.number},
               {"time", generation.time},
               {"verb", generation.verb},
               {"sets", Json::object()}};
  for (const auto &[extension_class, set] : generation.sets)
    json["sets"][std::string(name(extension_class))] = {{"above", json_of(set.above)},
                                                        {"below", json_of(set.below)}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::optional<Generation> parse_generation(const std::string &text)
{
  const Json json = Json::parse(text, nullptr, false);
  Members members(json);
  Generation generation;
  members.read_number("generation", generation.number);
  members.read_number("time", generation.time);
  members.read("verb", generation.verb);
  const Json *sets = members.find("sets");
  if (!members.require(sets != nullptr && sets->is_object() && generation.number > 0))
    return std::nullopt;
  for (const Class each : classes)
    if (const auto found = sets->find(name(each)); found != sets->end())
      members.require(read_set(*found, generation.sets[each]));
  if (!members.is_good())
    return std::nullopt;
  return generation;
}

} // namespace overlay
