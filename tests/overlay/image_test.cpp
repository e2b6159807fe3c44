// SPDX-License-Identifier: Apache-2.0
#include "overlay/image.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("overlay/image");

using overlay::ImageKind;

TEST_CASE("kinds have the names that list shows")
{
  CHECK(overlay::name(ImageKind::directory) == "directory");
  CHECK(overlay::name(ImageKind::subvolume) == "subvolume");
  CHECK(overlay::name(ImageKind::raw) == "raw");
  CHECK(overlay::name(ImageKind::block) == "block");
  CHECK(overlay::name(ImageKind::mstack) == "mstack");
}

TEST_CASE("an image name is a file name in UTF-8 without control characters")
{
  for (const std::string name :
       {"a", ".hidden", "a b", "foo-1.2_3+4", "größe", "€", "\U0001F600", "...", "a#"})
    CHECK_MESSAGE(overlay::is_valid_image_name(name), name);
  CHECK(overlay::is_valid_image_name(std::string(255, 'a')));
  CHECK_FALSE(overlay::is_valid_image_name(std::string(256, 'a')));
  CHECK_FALSE(overlay::is_valid_image_name(std::string("a\0b", 3)));
  for (const std::string name : {"",
                                 ".",
                                 "..",
                                 "a/b",
                                 "/",
                                 ".#a",
                                 "a\nb",
                                 "\x1b[2J",
                                 "a\x7f",
                                 "\xff",
                                 "a\xc3",
                                 "\xc0\xaf",
                                 "\xe0\x80\x80",
                                 "\xed\xa0\x80",
                                 "\xf0\x80\x80\x80",
                                 "\xf4\x90\x80\x80",
                                 "\xf5\x80\x80\x80",
                                 "\x80",
                                 "\xe2\x82"})
    CHECK_FALSE_MESSAGE(overlay::is_valid_image_name(name), name);
}
