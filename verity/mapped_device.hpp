// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/host.hpp"
#include "verity/private_copy.hpp"

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace verity {

/// What is said instead of a certificate where the kernel has accepted a signature.
constexpr std::string_view kernel_keys = "a key in the kernel's keyrings";

/// Whether this machine has a device-mapper, and this process may use it.
bool has_device_mapper(const base::Host &host);

/// Whether the kernel takes no device without a signature by a key that it has
/// (dm_verity.require_signatures=).
bool kernel_demands_signature(const base::Host &host);

/// The device-mapper's name of a device; nothing if it is none of its.
std::optional<std::string> mapped_name(const base::Dir &machine, dev_t device);

/// The names of those of its devices that lie on this one.
std::vector<std::string> devices_over(const base::Dir &machine, dev_t device);

/// A block device of the data, of which the kernel checks each block against the root hash as it
/// reads it. It has the name that systemd gives it, ROOTHASH-verity, is shared with whoever uses
/// the same data, and goes with the last descriptor or mount of it. Throws untrusted where not even
/// the first block is what was hashed, and io where the device cannot be set up.
base::Fd mapped_device(const base::Host &host, const HashedData &source);

/// The same with a signature, if the kernel accepts that; else what it says.
struct KernelAnswer {
  base::Fd device{};
  std::string refusal{};
};

KernelAnswer
ask_kernel(const base::Host &host, const HashedData &source, std::string_view signature);

} // namespace verity
