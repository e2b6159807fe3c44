// SPDX-License-Identifier: Apache-2.0
#include "handoff/unified_image.hpp"

#include "fuzz.hpp"
#include "handoff/boot_entry.hpp"

#include <sys/mman.h>
#include <unistd.h>

// Whatever the bytes are, there is an image or a reason, and no text is longer than the file.
const fuzz::Registered
    unified_image({"unified_image", {}, [](std::string_view input) {
                     const base::Fd file(::memfd_create("image", MFD_CLOEXEC));
                     const ssize_t written = ::write(file.number(), input.data(), input.size());
                     fuzz::demand(written == static_cast<ssize_t>(input.size()), "there is memory");
                     const auto reading = handoff::read_unified_image(file);
                     fuzz::demand(reading.image.has_value() == reading.refusal.empty(),
                                  "there is an image or a reason");
                     if (!reading.image)
                       return;
                     for (const auto &[section, text] : reading.image->texts)
                       fuzz::demand(text.size() <= input.size(), "a text is part of the file");
                     (void)handoff::describe({"image.efi", {}}, *reading.image);
                   }});
