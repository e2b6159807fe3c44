// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "updater/anchor.hpp"
#include "updater/catalog.hpp"
#include "updater/definition.hpp"
#include "updater/disk.hpp"
#include "updater/release_source.hpp"
#include "verity/gpt_disk.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace updater {

/// Whether releases that come in waves wait for this machine's turn.
enum class Turn { ignored, awaited };

/// Whether it is a failure that there is not a single definition.
enum class NoDefinitions {
  fail,
  accept,
  accept_disabled, ///< if there are some that are only switched off
};

/// What the command line says about where and how to look.
struct Scope {
  std::string definitions;     ///< --definitions=DIR; empty: the search path
  std::string component;       ///< --component=NAME; empty: the host
  std::string transfer_source; ///< --transfer-source=PATH
  std::string image;           ///< --image=FILE, for Path=auto; empty: none
  std::optional<bool> verify;  ///< --verify=BOOL, above every transfer's own
  Offline offline = Offline::no;
  NoDefinitions no_definitions = NoDefinitions::fail;
  Remember remember = Remember::no; ///< only verbs that change the machine write anything
  Turn turn = Turn::ignored;        ///< --automatic
  /// That signed releases have to fit, where it is not the one that runs.
  std::optional<std::map<std::string, std::string>> os_release{};
};

/// A disk that partition targets lie on, as it was when it was looked at.
struct OpenDisk {
  DiskPath place;
  verity::GptTable table;
};

/// The way to what one holding lists.
struct Reach {
  std::optional<Place> source;     ///< a local source's directory
  std::optional<Place> target;     ///< a file-system target's directory
  std::optional<std::size_t> disk; ///< a partition target's, index into Inventory::disks
};

/// Everything the definitions speak of, as it is on this machine and on its sources. Holdings and
/// ways lie side by side, in the order of the definitions.
struct Inventory {
  std::string component; ///< whose definitions these are; empty: the host's
  Definitions definitions;
  std::vector<Holding> holdings; ///< of enabled transfers
  std::vector<Reach> ways;
  std::vector<Holding> disabled; ///< of transfers whose feature is off
  std::vector<Reach> disabled_ways;
  std::vector<OpenDisk> disks;
};

/// Reads the definitions of a scope, and says what in them was passed over. Throws not_found if
/// there are none, config if the component is switched off.
Definitions definitions_of(const base::Host &host, const Scope &scope);

/// Reads the definitions and lists what is installed, without touching the network.
Inventory take_inventory(const base::Host &host, const Scope &scope);

/// Adds what the sources offer; fetches and verifies each manifest once. Throws what that throws.
void add_offers(const base::Host &host, const Scope &scope, Inventory &inventory);

} // namespace updater
