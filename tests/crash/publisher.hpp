// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bakery/publish.hpp"
#include "base/host.hpp"

#include <functional>
#include <map>
#include <string>

// A repository on a machine of a test, with a publisher whose key and clock are the same in all
// runs: what the tests of publishing, mirroring and collecting have in common.
namespace crash {

/// By which clients reach the repository.
inline constexpr const char *repository_url = "https://example.org";

const bakery::SigningKey &publisher_key();

/// What a server has, by paths beneath repository_url.
using Server = std::map<std::string, std::string>;
using Verb = std::function<void(const base::Host &)>;

/// Runs the verb on this machine. The clock stands at May 1st, 2026.
void run(base::Sys &sys, const base::Dir &root, const Server &server, const Verb &verb);

/// Publishes what is in this directory of the machine.
Verb publishing(const std::string &directory);

/// Withdraws version 1 of "a".
void withdraw_first(const base::Host &host);

/// The number of the list that clients see, with the files it names: "2: a_1.raw a_2.raw"; what is
/// wrong if something is.
std::string seen_in_repository(const base::Dir &root);

/// Tries to publish other bytes as a_1.raw: empty if that is refused, else what happened.
std::string other_bytes_refused(const base::Dir &root);

/// Whether nothing lies where content arrives: empty, or what is wrong.
std::string nothing_is_arriving(const base::Dir &root);

} // namespace crash
