// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bakery/record.hpp"
#include "base/host.hpp"

#include <string>

namespace bakery {

/// Puts the signature in IMAGE.roothash.p7s, made elsewhere, into the disk image of these inputs in
/// `output`, which then is as if it had been signed when it was baked. Before anything is written,
/// the image is compared with its record, and the signature has to be one of the image's root hash
/// by `certificate` (PEM). Throws Kind::not_found where image, record or signature is missing,
/// untrusted where they do not fit.
Made attach_signature(const base::Host &host,
                      const base::Dir &output,
                      const Recipe &recipe,
                      const Inputs &inputs,
                      const std::string &certificate);

} // namespace bakery
