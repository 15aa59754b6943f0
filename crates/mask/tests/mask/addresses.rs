//! Addresses of network cards and of coins.

use super::{check, check_not};

#[test]
fn a_hardware_address_is_masked() {
    check(
        "mac_address",
        &[
            ("00:1a:2b:3c:4d:5e", "[mac_address]"),
            ("00-1A-2B-3C-4D-5E", "[mac_address]"),
            ("00-11-22-33-44-55", "[mac_address]"),
            ("ab:cd:ef:ab:cd:ef", "[mac_address]"),
            ("eth0 a1:b2:c3:d4:e5:f6, up", "eth0 [mac_address], up"),
            ("(mac)=(00:1a:2b:3c:4d:5e)", "(mac)=([mac_address])"),
            ("from 00:1a:2b:3c:4d:5e.", "from [mac_address]."),
        ],
    );
}

#[test]
fn what_is_no_hardware_address_is_not_taken_for_one() {
    check_not(
        "mac_address",
        &[
            "00:1a:2b:3c:4d",
            "00:1a:2b:3c:4d:5",
            "00:1a:2b:3c:4d:5e:6f",
            "00:1a-2b:3c-4d:5e",
            "00:1a:2b:3c:4d:5g",
            "x00:1a:2b:3c:4d:5e",
            "2001:db8::1a:2b:3c",
            "12:30:45",
            "123e4567-e89b-12d3-a456-426614174000",
            "2024-01-02-03-04-05-06",
        ],
    );
}

#[test]
fn an_address_of_a_coin_is_masked() {
    check(
        "crypto_address",
        &[
            ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "[crypto_address]"),
            ("3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy", "[crypto_address]"),
            ("pay bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq now", "pay [crypto_address] now"),
            ("BC1QAR0SRRR7XFKVY5L643LYDNW9RE59GTZZWF5MDQ", "[crypto_address]"),
            ("bc1p5cyxnuxmeuwuvkwfem96lqzszd02n6xdcjrs20cac6yqjjwudpxqkedrcr", "[crypto_address]"),
            (
                "{\"to\":\"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed\"}",
                "{\"to\":\"[crypto_address]\"}",
            ),
        ],
    );
}

#[test]
fn what_does_not_add_up_is_no_address_of_a_coin() {
    check_not(
        "crypto_address",
        &[
            "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb",
            "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLz",
            "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdp",
            "bc1qAR0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
            "x1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
            "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNaa",
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe",
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAedd",
            "0x0000000000000000000000000000000000000001",
            "5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "bc1",
            "1111111111111111111111111111111111",
        ],
    );
}
