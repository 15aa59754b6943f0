//! Numbers of Europe. Every number is made up.

use super::{check, check_not};

/// Each is found behind the word, and neither without it nor inside a longer number; the others never.
fn told(class: &str, word: &str, given: &[&str], refused: &[&str]) {
    for number in given {
        check(class, &[(&format!("{word} {number}, x"), &format!("{word} [{class}], x"))]);
        check(class, &[(&format!("{word}='{number}'"), &format!("{word}='[{class}]'"))]);
        check_not(class, &[number, &format!("order {number}")]);
        check_not(class, &[&format!("{word} 77{number}"), &format!("{word} {number}77")]);
        check_not(class, &[&format!("{word} 77-{number}"), &format!("{word} {number}-77")]);
    }
    for number in refused {
        check_not(class, &[&format!("{word} {number}")]);
    }
}

#[test]
fn uk_nhs_is_told_by_its_word() {
    told(
        "uk_nhs",
        "NHS number",
        &["6091390996", "907 866 6617", "116-372-6516"],
        &["0175989874", "9201682889", "3776220776", "0000000000"],
    );
}

#[test]
fn uk_nino_is_told_by_its_word() {
    told(
        "uk_nino",
        "nino",
        &["AB123456C", "ab123456d", "CE987654A"],
        &["BG123456A", "QQ123456C", "AO123456C", "AB123456E", "AB000000A", "DA123456C"],
    );
}

#[test]
fn uk_utr_is_told_by_its_word() {
    told(
        "uk_utr",
        "UTR",
        &["2138783757", "64020 67970", "5572101415"],
        &["7696727204", "2361071852", "5666306261", "0000000000"],
    );
}

#[test]
fn uk_passport_is_told_by_its_word() {
    told(
        "uk_passport",
        "uk_passport:",
        &["925665416", "103298741"],
        &["000000000", "92566541", "925665416A"],
    );
}

#[test]
fn uk_driving_licence_is_told_by_its_word() {
    told(
        "uk_driving_licence",
        "driving licence",
        &["MORGA657054SM9IJ", "FO999752146J99AB", "morga607054sm9ij"],
        &["MORGA677054SM9IJ", "MORGA613054SM9IJ", "MORGA657324SM9IJ", "M9RGA657054SM9IJ"],
    );
}

#[test]
fn de_tax_id_is_told_by_its_word() {
    told(
        "de_tax_id",
        "Steuer-ID",
        &["48065271002", "26 694 630 182", "85127498362"],
        &["53098246581", "72105383418", "91832975674", "00000000000", "11145678908"],
    );
}

#[test]
fn de_passport_is_told_by_its_word() {
    told(
        "de_passport",
        "Reisepass",
        &["KMC30G3682", "JGWY0L800", "KHK97G3873"],
        &[
            "KXG25G4865",
            "C4Y25J9706",
            "KNGN7L5781",
            "C01X00T479",
            "A01X00T47",
            "C01X00A47",
            "C12345678",
        ],
    );
}

#[test]
fn de_identity_card_is_told_by_its_word() {
    told(
        "de_identity_card",
        "Personalausweis",
        &["YK0CY7W6W5", "YH011FH2K", "WP5R6XVGP4"],
        &[
            "YY3KMR88H0",
            "HV9K71M1W0",
            "XW37YR8Z93",
            "T220001294",
            "A22000129",
            "TA2000129",
            "1220001296D",
            "0000000000D",
        ],
    );
}

#[test]
fn de_social_security_is_told_by_its_word() {
    told(
        "de_social_security",
        "Rentenversicherungsnummer",
        &["65250382Z648", "24 020167 F 701", "24260597W855"],
        &["15266559P018", "02110214F896", "89150663Q185", "65320839J003", "65171339J003"],
    );
}

#[test]
fn fr_nir_is_told_by_its_word() {
    told(
        "fr_nir",
        "NIR",
        &["196082B20932431", "185092A426011 85", "165032A577578-43", "2 53 07 2B073 004 70"],
        &["272086956250351", "158101365513888", "264117527923388", "285137510812345"],
    );
}

#[test]
fn fr_passport_is_told_by_its_word() {
    told(
        "fr_passport",
        "passeport",
        &["12AB34567", "19 FV 10287"],
        &["12AB3456", "1ABC34567", "12AB00000", "12A934567"],
    );
}

#[test]
fn fr_cni_is_told_by_its_word() {
    told(
        "fr_cni",
        "carte nationale",
        &["D2H6862M2", "X4RTBPFW4", "880692310285"],
        &["881392310285", "123456789", "ABCDEFGHI", "880092310285"],
    );
}

#[test]
fn it_vat_is_told_by_its_word() {
    told(
        "it_vat",
        "partita IVA",
        &["78629780558", "86748790978", "20378220220"],
        &["96339610164", "37181830756", "42301310319", "00000000000", "02448361997"],
    );
}

#[test]
fn it_passport_is_told_by_its_word() {
    told(
        "it_passport",
        "passaporto",
        &["YA1234567", "AA7654321"],
        &["TK1234567", "YA0000000", "SE1234567", "YA123456"],
    );
}

#[test]
fn es_nif_is_told_by_its_word() {
    told(
        "es_nif",
        "NIF",
        &["Q17037847", "B55058077", "A69956589"],
        &["K7877565P", "K7412276J", "A6584857C", "00000000A", "I1234567A"],
    );
}

#[test]
fn es_nie_is_told_by_its_word() {
    told(
        "es_nie",
        "NIE",
        &["X4156460S", "X4536970-J", "X3571000C"],
        &["T2157906M", "A5641299B", "Y5639389F", "W1234567L"],
    );
}

#[test]
fn es_passport_is_told_by_its_word() {
    told(
        "es_passport",
        "pasaporte",
        &["PAA123456", "xdb987654"],
        &["PAA000000", "PA123456", "PAA12345"],
    );
}

#[test]
fn nl_bsn_is_told_by_its_word() {
    told(
        "nl_bsn",
        "BSN",
        &["788628380", "4899.20.615", "7029 96 439"],
        &["400926995", "314555703", "113810849", "000000000", "999999999"],
    );
}

#[test]
fn be_national_number_is_told_by_its_word() {
    told(
        "be_national_number",
        "rijksregister",
        &["87050182636", "660503-892-51", "80052136442"],
        &["59070628436", "63100726236", "80072866422", "00000000000", "85733012345"],
    );
}

#[test]
fn pl_pesel_is_told_by_its_word() {
    told(
        "pl_pesel",
        "PESEL",
        &["67320538556", "91021725849", "89320613165"],
        &["96211894380", "86322675984", "88210939771", "00000000000", "44153401359"],
    );
}

#[test]
fn pl_nip_is_told_by_its_word() {
    told(
        "pl_nip",
        "NIP",
        &["1368521238", "968-926-78-71", "516-52-43-233"],
        &["7712674795", "9524951268", "6962565071", "0000000000"],
    );
}

#[test]
fn pt_nif_is_told_by_its_word() {
    told(
        "pt_nif",
        "contribuinte",
        &["280843682", "231 435 258", "190644370"],
        &["323440453", "257240038", "527904801", "000000000", "412345678"],
    );
}

#[test]
fn at_svnr_is_told_by_its_word() {
    told(
        "at_svnr",
        "SVNR",
        &["2141070378", "3865 231194", "4071170988"],
        &["7896150795", "3353250790", "9282160232", "0000000000", "1237011680", "1237320180"],
    );
}

#[test]
fn ch_ahv_is_told_by_its_word() {
    told(
        "ch_ahv",
        "AHV",
        &["7565591399085", "7569306528050"],
        &["7566559813552", "7509724131351", "7562791161980", "7560000000000", "7551234567897"],
    );
}

#[test]
fn se_personnummer_is_told_by_its_word() {
    told(
        "se_personnummer",
        "personnummer",
        &["199909210420", "761209-7134", "196403249144"],
        &["198811104475", "5507110380", "7206207667", "0000000000", "8013013929", "880331-0000"],
    );
}

#[test]
fn no_fodselsnummer_is_told_by_its_word() {
    told(
        "no_fodselsnummer",
        "fødselsnummer",
        &["03064600329", "510203 95927", "11086167338"],
        &["05209566758", "12069129022", "53092355659", "00000000000", "32018512345"],
    );
}

#[test]
fn dk_cpr_is_told_by_its_word() {
    told(
        "dk_cpr",
        "CPR",
        &["0507689235", "200766-6494", "1804716004"],
        &[
            "2159659295",
            "7407906844",
            "0190794495",
            "0000000000",
            "3202621234",
            "211362-1234",
            "211062-0000",
        ],
    );
}

#[test]
fn fi_hetu_is_told_by_its_word() {
    told(
        "fi_hetu",
        "hetu",
        &["190473A724N", "140952-581E", "030974A225J"],
        &["186184Y6203", "150291-0561", "110971-2385", "310252-308T", "131052-900A", "131352-308T"],
    );
}

#[test]
fn ie_ppsn_is_told_by_its_word() {
    told(
        "ie_ppsn",
        "PPSN",
        &["7605371FA", "6612189WA", "2985713NA"],
        &["1283268KB", "0963805VW", "8861387VF", "0000000W", "6433435E"],
    );
}

#[test]
fn cz_rodne_cislo_is_told_by_its_word() {
    told(
        "cz_rodne_cislo",
        "rodne cislo",
        &["9257224273", "835925/6796", "7104221520"],
        &["9458231800", "6112170168", "7806157870", "710319/2746", "711319/2745", "710319/274"],
    );
}

#[test]
fn ro_cnp_is_told_by_its_word() {
    told(
        "ro_cnp",
        "CNP",
        &["1880216423233", "6600416258575", "1890425070453"],
        &["1580223073365", "2621223026676", "1600122365627", "0000000000000", "1630615993457"],
    );
}

#[test]
fn bg_egn_is_told_by_its_word() {
    told(
        "bg_egn",
        "EGN",
        &["8403227152", "8403282210", "5012225044"],
        &["7203156613", "6854265666", "6444246185", "0000000000", "7552310004"],
    );
}

#[test]
fn hr_oib_is_told_by_its_word() {
    told(
        "hr_oib",
        "OIB",
        &["56382948275", "70970499518", "63880928407"],
        &["14527939909", "99786050558", "40042012268", "00000000000"],
    );
}

#[test]
fn hu_taj_is_told_by_its_word() {
    told(
        "hu_taj",
        "TAJ",
        &["362947496", "430 991 691", "758-786-081"],
        &["174593916", "031648017", "363538881", "000000000"],
    );
}

#[test]
fn gr_amka_is_told_by_its_word() {
    told(
        "gr_amka",
        "AMKA",
        &["07118494199", "25037350920", "15035092830"],
        &["15038746698", "12046941205", "18869337923", "00000000000", "01136812341"],
    );
}

#[test]
fn ee_isikukood_is_told_by_its_word() {
    told(
        "ee_isikukood",
        "isikukood",
        &["58607124082", "49110166255", "45008213608"],
        &["56007175046", "38710252689", "47507108122", "00000000000", "36813300274"],
    );
}

#[test]
fn lt_asmens_kodas_is_told_by_its_word() {
    told(
        "lt_asmens_kodas",
        "asmens kodas",
        &["47703202158", "45209032232", "49611157483"],
        &["35215012742", "32610096221", "57810073954", "00000000000"],
    );
}

#[test]
fn lv_personas_kods_is_told_by_its_word() {
    told(
        "lv_personas_kods",
        "personas kods",
        &["324420-02430", "32450570577", "329171-70340"],
        &["37612232723", "07075716172", "32621541066", "00000000000"],
    );
}

#[test]
fn it_fiscal_code_says_enough_itself() {
    for code in &["BNEHRA66S65C897G", "BLWKAJ57A08D720M", "WKJQGV91S60Y518V"] {
        let lower = code.to_lowercase();
        check(
            "it_fiscal_code",
            &[
                (code, "[it_fiscal_code]"),
                (&lower, "[it_fiscal_code]"),
                (&format!("a {code}."), "a [it_fiscal_code]."),
            ],
        );
        check_not(
            "it_fiscal_code",
            &[&format!("{code}1"), &format!("A{code}"), &format!("1-{code}")],
        );
    }
    check_not(
        "it_fiscal_code",
        &["ATORSA55S26A441K", "JDASYY99R11D921O", "ZPIUAT83S67B209L", "RCCMNL83T00D969Z"],
    );
}

#[test]
fn its_own_punctuation_needs_no_word() {
    check("be_national_number", &[("92.10.25-349.30", "[be_national_number]")]);
    check("ch_ahv", &[("756.6229.9731.34", "[ch_ahv]")]);
    check_not("be_national_number", &["92.10.25-349.31"]);
    check_not("ch_ahv", &["756.6229.9731.35"]);
}

#[test]
fn eu_vat_is_a_country_and_its_check() {
    for number in &[
        "ATU79574462",
        "ATU78490465",
        "BE0469819795",
        "BE0579691299",
        "DE528735789",
        "DE526411751",
        "DK94538432",
        "DK67489039",
        "EE063579963",
        "EE473530356",
        "EL841345021",
        "EL508335671",
        "ESQ43043330",
        "ESL2317577M",
        "FI13761159",
        "FI28542725",
        "FR26051715878",
        "FR61356760843",
        "HR32841727687",
        "HR30339682666",
        "HU81086164",
        "HU06301048",
        "IE2856002GA",
        "IE8489307D",
        "IT47481710458",
        "IT11107640085",
        "LU36951172",
        "LU92981229",
        "NL971534433B53",
        "NL504626632B31",
        "PL1247495105",
        "PL2627867045",
        "PT597021627",
        "PT532865006",
        "SE543492175401",
        "SE536867800801",
        "SI16520971",
        "SI62038257",
    ] {
        check("eu_vat", &[(number, "[eu_vat]"), (&format!("id {number}."), "id [eu_vat].")]);
        check_not(
            "eu_vat",
            &[&format!("{number}1"), &format!("X{number}"), &format!("1-{number}")],
        );
    }
    check_not(
        "eu_vat",
        &[
            "ATU64620159",
            "BE0453751739",
            "DE208933830",
            "DK81919878",
            "EE828164058",
            "EL202507698",
            "ESQ6035814E",
            "FI88463542",
            "FR83944215550",
            "HR78069331788",
            "HU98008923",
            "IE9521190RA",
            "IT66930580840",
            "LU17023265",
            "NL676123812B81",
            "PL1667011532",
            "PT569792955",
            "SE594087768101",
            "SI42764943",
            "DE000000000",
            "US136695976",
        ],
    );
}

#[test]
fn groups_with_letters_are_found_with_their_letters() {
    check("uk_nino", &[("NINO: AB 12 34 56 C", "NINO: [uk_nino]")]);
    check("fr_nir", &[("NIR 1 85 05 75 108 123 45", "NIR [fr_nir] 45")]);
    check("de_passport", &[("Reisepass C01X00T47 8", "Reisepass [de_passport]")]);
    check("de_identity_card", &[("ID card T22000129 3", "ID card [de_identity_card]")]);
    check("de_identity_card", &[("Ausweis 1220001297D", "Ausweis [de_identity_card]")]);
    check("de_social_security", &[("RVNR 65 170839 J 003", "RVNR [de_social_security]")]);
    check_not("uk_nino", &["12 34 56 C", "nino 12 34 56 E"]);
}
