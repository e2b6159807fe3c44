// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "verity/openpgp.hpp"

#include <chrono>
#include <string_view>

namespace verity {

/// A signature may bring the certificate of its signer along (gpg --include-key-block), so that
/// who trusts a primary key need not be told of each new subkey of it. This gives the ring with
/// the subkeys that `certificate` has beyond it. `certificate` comes from whoever made the
/// signature, so nothing in it is believed:
/// - Its primary key must be one of the ring's, byte by byte, or the ring stays as it is; so it
///   does if `certificate` is anything else than packets of one certificate.
/// - Only subkeys with their binding signatures are taken, to the end of every copy of the ring's
///   own certificate. Whether the primary key made the binding is for sqv and gpgv to check, as
///   for every subkey of the ring. User IDs, what the primary key says about itself and packets
///   of GnuPG's own (in which it keeps what it has "already checked") are left behind.
/// - No subkey the ring knows is touched, so that what the ring says of its end or its revocation
///   stays: one made in the same second as any of the ring's is not taken. Comparing keys would
///   not do, for a key can be written in more than one way; its time is part of what is bound.
/// - A subkey that `certificate` calls revoked is not taken, nor a binding by which it has expired
///   at `now`: sqv would find it good for a signature that claims to be older.
Keyring with_new_subkeys(Keyring ring, std::string_view certificate, std::chrono::sys_seconds now);

} // namespace verity
