// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "overlay/plan.hpp"
#include "support/temp_root.hpp"

#include <functional>
#include <string>
#include <vector>

// A machine that gets extensions from a vendor's repository: "tool" 5 stays what it is, and "hello"
// is what a test is about. Both are real images, and are merged for real.
namespace crash {

/// What the vendor has published at a time.
enum class Offered {
  first, ///< tool 5, hello 1.0
  both,  ///< hello 1.1 too
};

/// Something that is done to the machine, with the requests of `strake ext`.
using ExtensionVerb =
    std::function<void(const base::Host &, const std::vector<overlay::Request> &)>;

/// In a namespace of mounts of our own, which has to come before the root is opened.
void run(base::Sys &sys, const base::Dir &root, Offered offered, const ExtensionVerb &verb);

/// The three verbs, for "hello".
void install_hello(const base::Host &host, const std::vector<overlay::Request> &requests);
void upgrade_all(const base::Host &host, const std::vector<overlay::Request> &requests);
void remove_hello(const base::Host &host, const std::vector<overlay::Request> &requests);
/// What a boot does.
void merge_all(const base::Host &host, const std::vector<overlay::Request> &requests);
void unmerge_all(const base::Host &host, const std::vector<overlay::Request> &requests);

/// A machine as it leaves the factory, with the extension "tool" if its vendor is known.
enum class Vendor { unknown, known };

/// Its files, with nothing merged. `hello`: the version that is installed, "" if none is.
void prepare(const support::TempRoot &root, Vendor vendor, const std::string &hello);

/// What of these two is merged: "tool 5, hello 1.0", "tool 5", "nothing".
std::string merged(const base::Dir &root);

/// What an installation leaves: definitions, keys, versions and links, one line each. Hidden files
/// are not in effect, and with history and state of downloads they are of no account.
std::string installed_files(const base::Dir &root);

} // namespace crash
