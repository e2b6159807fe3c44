// SPDX-License-Identifier: Apache-2.0
#include "support/crash_model.hpp"

#include "base/error.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <utility>

namespace support {

namespace {

constexpr std::uint64_t sector_size = 512;

std::string sector_of(const std::string &bytes, std::uint64_t sector)
{
  const std::uint64_t start = sector * sector_size;
  std::string found = start < bytes.size() ? bytes.substr(start, sector_size) : std::string();
  found.resize(sector_size);
  return found;
}

} // namespace

CrashModel::CrashModel(Tree before, Sectors sectors)
    : sectors_are_(sectors), torn_{0, std::string(sector_size, '\x5a')}, durable_(std::move(before))
{
  live_names_.resize(durable_.nodes.size());
  for (NodeId dir = 0; dir < durable_.nodes.size(); ++dir)
    for (const auto &[name, entry] : durable_.nodes[dir].names) {
      live_names_[dir][name] = entry.node;
      if (entry.length)
        slot_of_[entry.node] = {dir, name};
    }
}

void CrashModel::apply(const Effect &effect)
{
  switch (effect.kind) {
  case CallKind::create:
  case CallKind::symlink:
  case CallKind::make_dir:
    make(effect);
    break;
  case CallKind::write:
    write(effect.node, effect.offset, effect.data);
    break;
  case CallKind::zero: {
    const std::uint64_t size = bytes(effect.node).size(); // never makes the file longer
    const std::uint64_t from = std::min(effect.offset, size);
    const std::uint64_t to = std::min(effect.offset + effect.length, size);
    write(effect.node, from, std::string(to - from, '\0'));
    break;
  }
  case CallKind::resize:
    resize(effect.node, effect.length);
    break;
  case CallKind::attributes: {
    Attributes next = attributes(effect.node);
    next.effect = effect_;
    next.mode = effect.mode;
    next.modified_us = effect.modified_us;
    if (!is_vfat(effect.node)) // where there is nothing but a read-only bit
      attributes_[effect.node].push_back(next);
    break;
  }
  case CallKind::rename:
    rename(effect);
    break;
  case CallKind::hard_link:
    note_names({{effect.to_dir, effect.to_name, lookup(effect.dir, effect.name)}});
    break;
  case CallKind::remove:
    remove(effect);
    break;
  case CallKind::sync_file:
    if (S_ISDIR(durable_.nodes.at(effect.node).mode))
      settle_dir(effect.node);
    else
      settle_file(effect.node);
    break;
  case CallKind::sync_dir:
    settle_dir(effect.node);
    break;
  case CallKind::sync_file_system:
    settle_file_system(effect.node);
    break;
  default:
    base::fail(base::Kind::internal, "{} is no effect on a disk", effect.text);
  }
  ++effect_;
}

std::string &CrashModel::bytes(NodeId node)
{
  const auto &content = durable_.nodes.at(node).content;
  if (!content)
    base::fail(base::Kind::internal, "a write to what is no file");
  return live_bytes_.try_emplace(node, content->bytes()).first->second;
}

NodeId CrashModel::lookup(NodeId dir, const std::string &name) const
{
  const auto found = live_names_.at(dir).find(name);
  if (found == live_names_[dir].end())
    base::fail(base::Kind::internal, "{} is not there", name);
  return found->second;
}

CrashModel::Attributes CrashModel::attributes(NodeId node) const
{
  const auto pending = attributes_.find(node);
  if (pending != attributes_.end())
    return pending->second.back();
  const Node &found = durable_.nodes.at(node);
  const std::uint64_t length = found.content ? found.content->bytes().size() : 0;
  return {0, length, found.mode, found.modified_us};
}

bool CrashModel::is_vfat(NodeId node) const
{
  return durable_.file_system_of(node) == FileSystem::vfat;
}

void CrashModel::make(const Effect &effect)
{
  if (live_names_.at(effect.dir).contains(effect.name))
    base::fail(base::Kind::internal, "{} is there already", effect.name);
  const std::size_t count = std::max(durable_.nodes.size(), effect.node + 1);
  durable_.nodes.resize(count);
  live_names_.resize(count);
  Node &node = durable_.nodes[effect.node];
  node.mode = effect.mode;
  node.modified_us = effect.modified_us;
  node.file_system = durable_.nodes[effect.dir].file_system;
  if (effect.kind != CallKind::make_dir)
    node.content = std::make_shared<const Content>(effect.data);
  if (!is_vfat(effect.dir)) {
    note_names({{effect.dir, effect.name, effect.node}});
    return;
  }
  live_names_[effect.dir][effect.name] = effect.node;
  Entry entry{effect.node};
  if (effect.kind == CallKind::create) {
    entry.length = 0;
    slot_of_[effect.node] = {effect.dir, effect.name};
  }
  push_slot({effect.dir, effect.name}, entry, WrittenWith::directory);
}

void CrashModel::write(NodeId node, std::uint64_t offset, const std::string &data)
{
  std::string &live = bytes(node);
  const std::string before = live;
  const std::uint64_t end = offset + data.size();
  if (end > live.size())
    live.resize(end);
  live.replace(offset, data.size(), data);
  note_sectors(node, before, offset, end);
  if (end > before.size())
    note_length(node, end);
}

void CrashModel::resize(NodeId node, std::uint64_t length)
{
  std::string &live = bytes(node);
  const std::string before = live;
  live.resize(length);
  if (length < before.size())
    note_sectors(node, before, length, before.size());
  if (length != before.size())
    note_length(node, length);
}

// Sectors that hold what they held before are not undecided, whoever wrote them.
void CrashModel::note_sectors(NodeId node,
                              const std::string &before,
                              std::uint64_t from,
                              std::uint64_t to)
{
  for (std::uint64_t sector = from / sector_size; sector * sector_size < to; ++sector) {
    std::string now = sector_of(live_bytes_.at(node), sector);
    if (now != sector_of(before, sector))
      sectors_[node][sector].push_back({effect_, std::move(now)});
  }
}

void CrashModel::note_length(NodeId node, std::uint64_t length)
{
  if (!is_vfat(node)) {
    Attributes next = attributes(node);
    next.effect = effect_;
    next.length = length;
    attributes_[node].push_back(next);
  } else if (const auto slot = slot_of_.find(node); slot != slot_of_.end()) {
    push_slot(slot->second, Entry{node, length}, WrittenWith::file);
  }
}

void CrashModel::note_names(std::vector<NameChange> changes)
{
  NameOperation operation{effect_, std::move(changes), {}, {}};
  for (const NameChange &change : operation.changes) {
    operation.dirs.insert(change.dir);
    if (change.node)
      live_names_[change.dir][change.name] = *change.node;
    else
      live_names_[change.dir].erase(change.name);
  }
  operation.unsynced = operation.dirs;
  names_.push_back(std::move(operation));
}

void CrashModel::push_slot(const SlotName &name, std::optional<Entry> entry, WrittenWith with)
{
  slots_[name].push_back({effect_, entry, with});
}

void CrashModel::rename(const Effect &effect)
{
  const NodeId node = lookup(effect.dir, effect.name);
  if (is_vfat(effect.dir))
    rename_slot({effect.dir, effect.name}, {effect.to_dir, effect.to_name}, node);
  else
    note_names({{effect.dir, effect.name, std::nullopt}, {effect.to_dir, effect.to_name, node}});
}

// As Linux does it: a new name gets an empty slot, an old one keeps what it says; in both cases it
// is the file that writes its place and length there, when it is synced.
void CrashModel::rename_slot(const SlotName &from, const SlotName &to, NodeId node)
{
  auto &names = live_names_[to.dir];
  const auto taken = names.find(to.name);
  const bool is_file = slot_of_.contains(node);
  if (taken == names.end() || !is_file)
    push_slot(to,
              Entry{node, is_file ? std::optional<std::uint64_t>(0) : std::nullopt},
              WrittenWith::directory);
  if (taken != names.end())
    slot_of_.erase(taken->second);
  if (is_file) {
    push_slot(to, Entry{node, bytes(node).size()}, WrittenWith::file);
    slot_of_[node] = to;
  }
  push_slot(from, std::nullopt, WrittenWith::directory);
  names[to.name] = node;
  live_names_[from.dir].erase(from.name);
}

void CrashModel::remove(const Effect &effect)
{
  const NodeId node = lookup(effect.dir, effect.name);
  if (!is_vfat(effect.dir)) {
    note_names({{effect.dir, effect.name, std::nullopt}});
    return;
  }
  live_names_[effect.dir].erase(effect.name);
  slot_of_.erase(node);
  push_slot({effect.dir, effect.name}, std::nullopt, WrittenWith::directory);
}

// What is settled is what was undecided, in its last version: the same code puts a state together.
void CrashModel::settle_file(NodeId node)
{
  if (const auto pending = sectors_.find(node); pending != sectors_.end()) {
    std::map<std::uint64_t, const Sector *> last;
    for (const auto &[sector, versions] : pending->second)
      last[sector] = &versions.back();
    put_content(durable_, node, bytes(node).size(), last);
    sectors_.erase(pending);
  }
  settle_attributes(node);
  if (is_vfat(node))
    settle_slot_of(node);
}

void CrashModel::settle_attributes(NodeId node)
{
  const auto pending = attributes_.find(node);
  if (pending == attributes_.end())
    return;
  const Attributes last = pending->second.back();
  if (durable_.nodes[node].content)
    put_content(durable_, node, last.length, {});
  durable_.nodes[node].mode = last.mode;
  durable_.nodes[node].modified_us = last.modified_us;
  attributes_.erase(pending);
}

void CrashModel::settle_slot_of(NodeId node)
{
  const auto name = slot_of_.find(node);
  const auto pending = name == slot_of_.end() ? slots_.end() : slots_.find(name->second);
  if (pending == slots_.end() || pending->second.back().with != WrittenWith::file)
    return;
  std::vector<Slot> &versions = pending->second;
  Slot last = versions.back();
  // The slot comes to the disk with its length now, or not at all: that takes sync(dir).
  std::erase_if(versions, [&](const Slot &slot) { return slot.entry && slot.entry->node == node; });
  const bool slot_is_on_disk = durable_.nodes[name->second.dir].names.contains(name->second.name);
  if (versions.empty() && slot_is_on_disk) {
    put(durable_, name->second, last.entry);
    slots_.erase(pending);
    return;
  }
  last.with = WrittenWith::directory;
  versions.push_back(last);
}

void CrashModel::settle_dir(NodeId node)
{
  for (NameOperation &operation : names_)
    operation.unsynced.erase(node);
  settle_names();
  settle_attributes(node);
  for (auto &[name, versions] : slots_) {
    if (name.dir != node)
      continue;
    const auto last = std::find_if(versions.rbegin(), versions.rend(), [](const Slot &slot) {
      return slot.with == WrittenWith::directory;
    });
    if (last != versions.rend()) {
      put(durable_, name, last->entry);
      versions.erase(versions.begin(), last.base());
    }
  }
  std::erase_if(slots_, [](const auto &slot) { return slot.second.empty(); });
}

// A change is settled when each directory it is about was synced, and all changes before it are.
void CrashModel::settle_names()
{
  std::set<NodeId> waiting;
  std::vector<NameOperation> rest;
  for (NameOperation &operation : names_) {
    const bool waits = !operation.unsynced.empty() ||
                       std::any_of(operation.dirs.begin(), operation.dirs.end(), [&](NodeId dir) {
                         return waiting.contains(dir);
                       });
    if (waits) {
      waiting.insert(operation.dirs.begin(), operation.dirs.end());
      rest.push_back(std::move(operation));
      continue;
    }
    for (const NameChange &change : operation.changes)
      put(durable_, change);
  }
  names_ = std::move(rest);
}

void CrashModel::settle_file_system(NodeId node)
{
  if (is_vfat(node))
    return;
  const std::size_t file_system = durable_.nodes.at(node).file_system;
  for (NodeId each = 0; each < durable_.nodes.size(); ++each) {
    if (durable_.nodes[each].file_system != file_system)
      continue;
    if (durable_.nodes[each].content)
      settle_file(each);
    else
      settle_dir(each);
  }
}

void CrashModel::put(Tree &tree, const NameChange &change)
{
  if (change.node)
    tree.nodes[change.dir].names[change.name] = Entry{*change.node};
  else
    tree.nodes[change.dir].names.erase(change.name);
}

void CrashModel::put(Tree &tree, const SlotName &name, const std::optional<Entry> &entry)
{
  if (entry)
    tree.nodes[name.dir].names[name.name] = *entry;
  else
    tree.nodes[name.dir].names.erase(name.name);
}

void CrashModel::put_content(Tree &tree,
                             NodeId node,
                             std::optional<std::uint64_t> length,
                             const std::map<std::uint64_t, const Sector *> &chosen) const
{
  std::string made = tree.nodes[node].content->bytes();
  // On vfat the length is that of the name, so here it has only to be long enough.
  if (is_vfat(node) && !chosen.empty())
    made.resize(std::max<std::uint64_t>(made.size(), (chosen.rbegin()->first + 1) * sector_size));
  else if (length)
    made.resize(*length);
  for (const auto &[sector, version] : chosen) {
    const std::uint64_t start = sector * sector_size;
    if (start < made.size())
      made.replace(start, sector_size, version->bytes, 0, made.size() - start);
  }
  tree.nodes[node].content = std::make_shared<const Content>(std::move(made));
}

// Directories that a rename joins have their changes in common order.
std::vector<CrashModel::Operations> CrashModel::operations() const
{
  std::vector<Operations> result;
  for (const NameOperation &operation : names_) {
    Operations joined{operation.dirs, {}};
    for (Operations &other : result) {
      const bool shares = std::any_of(other.dirs.begin(), other.dirs.end(), [&](NodeId dir) {
        return joined.dirs.contains(dir);
      });
      if (!shares)
        continue;
      joined.dirs.insert(other.dirs.begin(), other.dirs.end());
      joined.list.insert(joined.list.end(), other.list.begin(), other.list.end());
      other.list.clear();
      other.dirs.clear();
    }
    joined.list.push_back(&operation);
    std::erase_if(result, [](const Operations &other) { return other.list.empty(); });
    result.push_back(std::move(joined));
  }
  for (Operations &each : result)
    std::sort(each.list.begin(), each.list.end(), [](const auto *left, const auto *right) {
      return left->effect < right->effect;
    });
  return result;
}

std::vector<Axis> CrashModel::axes() const
{
  std::vector<Axis> result;
  const auto add = [&](NodeId group, const auto &versions) {
    Axis axis{group, {}};
    for (const auto &version : versions)
      axis.effects.push_back(version.effect);
    result.push_back(std::move(axis));
  };
  for (const auto &[node, sectors] : sectors_)
    for (const auto &[sector, versions] : sectors) {
      add(node, versions);
      if (sectors_are_ == Sectors::torn)
        result.back().effects.push_back(versions.back().effect);
    }
  for (const auto &[node, versions] : attributes_)
    add(node, versions);
  for (const auto &[name, versions] : slots_)
    add(name.dir, versions);
  for (const Operations &joined : operations()) {
    Axis axis{*joined.dirs.begin(), {}};
    for (const NameOperation *operation : joined.list)
      axis.effects.push_back(operation->effect);
    result.push_back(std::move(axis));
  }
  return result;
}

const CrashModel::Sector *CrashModel::chosen_of(const std::vector<Sector> &versions,
                                                std::size_t choice) const
{
  return choice > versions.size() ? &torn_ : &versions[choice - 1];
}

bool CrashModel::is_torn(const Choice &choice) const
{
  std::size_t axis = 0; // in the order of axes()
  for (const auto &[node, sectors] : sectors_)
    for (const auto &[sector, versions] : sectors)
      if (choice.at(axis++) > versions.size())
        return true;
  return false;
}

Tree CrashModel::state(const Choice &choice) const
{
  Tree tree = durable_;
  std::size_t axis = 0; // in the order of axes()
  std::map<NodeId, std::map<std::uint64_t, const Sector *>> chosen;
  for (const auto &[node, sectors] : sectors_)
    for (const auto &[sector, versions] : sectors)
      if (const std::size_t version = choice.at(axis++); version > 0)
        chosen[node][sector] = chosen_of(versions, version);
  std::map<NodeId, std::uint64_t> lengths;
  for (const auto &[node, versions] : attributes_) {
    const std::size_t version = choice.at(axis++);
    if (version == 0)
      continue;
    const Attributes &attributes = versions[version - 1];
    tree.nodes[node].mode = attributes.mode;
    tree.nodes[node].modified_us = attributes.modified_us;
    if (tree.nodes[node].content) {
      lengths[node] = attributes.length;
      chosen.try_emplace(node);
    }
  }
  for (const auto &[node, sectors] : chosen) {
    const auto length = lengths.find(node);
    put_content(tree,
                node,
                length == lengths.end() ? std::nullopt : std::optional(length->second),
                sectors);
  }
  for (const auto &[name, versions] : slots_)
    if (const std::size_t version = choice.at(axis++); version > 0)
      put(tree, name, versions[version - 1].entry);
  for (const Operations &joined : operations()) {
    const std::size_t count = choice.at(axis++);
    for (std::size_t index = 0; index < count; ++index)
      for (const NameChange &change : joined.list[index]->changes)
        put(tree, change);
  }
  return tree;
}

} // namespace support
