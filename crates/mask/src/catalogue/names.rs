//! What other houses call the classes: Presidio's entities, and the infoTypes of Google's Sensitive Data Protection (DLP).
//!
//! A name stands here where it means the same number. An identity card's own number, say, is not that of its holder.

/// A class, its name in Presidio and those in Google's.
type Names = (&'static str, &'static str, &'static [&'static str]);

const NAMES: &[Names] = &[
    ("credit_card", "CREDIT_CARD", &["CREDIT_CARD_NUMBER"]),
    ("email", "EMAIL_ADDRESS", &["EMAIL_ADDRESS"]),
    ("us_ssn", "US_SSN", &["US_SOCIAL_SECURITY_NUMBER"]),
    ("iban", "IBAN_CODE", &["IBAN_CODE"]),
    ("phone", "PHONE_NUMBER", &["PHONE_NUMBER"]),
    ("ip_address", "IP_ADDRESS", &["IP_ADDRESS"]),
    ("jwt", "", &["JSON_WEB_TOKEN"]),
    ("cloud_key", "", &["AWS_CREDENTIALS", "AZURE_AUTH_TOKEN", "GCP_API_KEY", "GCP_CREDENTIALS"]),
    ("private_key", "", &["ENCRYPTION_KEY"]),
    ("mac_address", "MAC_ADDRESS", &["MAC_ADDRESS"]),
    ("crypto_address", "CRYPTO", &[]),
    ("url", "URL", &["URL"]),
    ("uk_nhs", "UK_NHS", &["UK_NATIONAL_HEALTH_SERVICE_NUMBER"]),
    ("uk_nino", "UK_NINO", &["UK_NATIONAL_INSURANCE_NUMBER"]),
    ("uk_utr", "", &["UK_TAXPAYER_REFERENCE"]),
    ("uk_passport", "UK_PASSPORT", &["UK_PASSPORT"]),
    ("uk_driving_licence", "UK_DRIVING_LICENCE", &["UK_DRIVERS_LICENSE_NUMBER"]),
    ("de_tax_id", "DE_TAX_ID", &["GERMANY_TAXPAYER_IDENTIFICATION_NUMBER"]),
    ("de_passport", "DE_PASSPORT", &["GERMANY_PASSPORT"]),
    ("de_identity_card", "DE_ID_CARD", &["GERMANY_IDENTITY_CARD_NUMBER"]),
    ("de_social_security", "DE_SOCIAL_SECURITY", &[]),
    ("fr_nir", "", &["FRANCE_NIR"]),
    ("fr_passport", "", &["FRANCE_PASSPORT"]),
    ("fr_cni", "", &["FRANCE_CNI"]),
    ("it_fiscal_code", "IT_FISCAL_CODE", &["ITALY_FISCAL_CODE"]),
    ("it_vat", "IT_VAT_CODE", &[]),
    ("it_passport", "IT_PASSPORT", &["ITALY_PASSPORT"]),
    ("es_nif", "ES_NIF", &["SPAIN_NIF_NUMBER", "SPAIN_DNI_NUMBER", "SPAIN_CIF_NUMBER"]),
    ("es_nie", "ES_NIE", &["SPAIN_NIE_NUMBER"]),
    ("es_passport", "ES_PASSPORT", &["SPAIN_PASSPORT"]),
    ("nl_bsn", "", &["NETHERLANDS_BSN_NUMBER"]),
    ("pl_pesel", "PL_PESEL", &["POLAND_PESEL_NUMBER"]),
    ("at_svnr", "", &["AUSTRIA_SOCIAL_SECURITY_NUMBER"]),
    ("ch_ahv", "", &["SWITZERLAND_SOCIAL_SECURITY_NUMBER"]),
    ("se_personnummer", "SE_PERSONNUMMER", &["SWEDEN_NATIONAL_ID_NUMBER"]),
    ("no_fodselsnummer", "", &["NORWAY_NI_NUMBER"]),
    ("dk_cpr", "", &["DENMARK_CPR_NUMBER"]),
    ("fi_hetu", "FI_PERSONAL_IDENTITY_CODE", &["FINLAND_NATIONAL_ID_NUMBER"]),
    ("ie_ppsn", "", &["IRELAND_PPSN"]),
    ("cz_rodne_cislo", "", &["CZECHIA_PERSONAL_ID_NUMBER"]),
    ("hr_oib", "", &["CROATIA_PERSONAL_ID_NUMBER"]),
    ("eu_vat", "DE_VAT_ID", &["VAT_NUMBER"]),
    ("us_itin", "US_ITIN", &["US_INDIVIDUAL_TAXPAYER_IDENTIFICATION_NUMBER"]),
    ("us_ein", "", &["US_EMPLOYER_IDENTIFICATION_NUMBER"]),
    ("us_preparer_ptin", "", &["US_PREPARER_TAXPAYER_IDENTIFICATION_NUMBER"]),
    ("us_bank_routing", "ABA_ROUTING_NUMBER", &["US_BANK_ROUTING_MICR"]),
    ("us_npi", "US_NPI", &["US_HEALTHCARE_NPI"]),
    ("us_dea", "MEDICAL_LICENSE", &["US_DEA_NUMBER"]),
    ("us_medicare", "US_MBI", &["US_MEDICARE_BENEFICIARY_ID_NUMBER"]),
    ("us_driver_license", "US_DRIVER_LICENSE", &["US_DRIVERS_LICENSE_NUMBER"]),
    ("ca_sin", "CA_SIN", &["CANADA_SOCIAL_INSURANCE_NUMBER"]),
    ("ca_ohip", "", &["CANADA_OHIP"]),
    ("mx_curp", "", &["MEXICO_CURP_NUMBER"]),
    ("br_cpf", "", &["BRAZIL_CPF_NUMBER"]),
    ("cl_rut", "", &["CHILE_CDI_NUMBER"]),
    ("uy_ci", "", &["URUGUAY_CDI_NUMBER"]),
    ("py_ruc", "", &["PARAGUAY_TAX_NUMBER"]),
    ("pe_dni", "", &["PERU_DNI_NUMBER"]),
    ("ar_dni", "", &["ARGENTINA_DNI_NUMBER"]),
    ("co_cedula", "", &["COLOMBIA_CDC_NUMBER"]),
    ("us_passport", "US_PASSPORT", &["US_PASSPORT"]),
    ("ca_passport", "", &["CANADA_PASSPORT"]),
    ("vin", "", &["VEHICLE_IDENTIFICATION_NUMBER", "US_VEHICLE_IDENTIFICATION_NUMBER"]),
    ("cusip", "", &["AMERICAN_BANKERS_CUSIP_ID"]),
    ("us_bank_account", "US_BANK_NUMBER", &["FINANCIAL_ACCOUNT_NUMBER"]),
    ("in_aadhaar", "IN_AADHAAR", &["INDIA_AADHAAR_INDIVIDUAL"]),
    ("in_pan", "IN_PAN", &["INDIA_PAN_INDIVIDUAL"]),
    ("in_gstin", "IN_GSTIN", &["INDIA_GST_INDIVIDUAL"]),
    ("in_voter", "IN_VOTER", &[]),
    ("in_passport", "IN_PASSPORT", &["INDIA_PASSPORT"]),
    ("in_vehicle_registration", "IN_VEHICLE_REGISTRATION", &[]),
    ("au_tfn", "AU_TFN", &["AUSTRALIA_TAX_FILE_NUMBER"]),
    ("au_medicare", "AU_MEDICARE", &["AUSTRALIA_MEDICARE_NUMBER"]),
    ("au_abn", "AU_ABN", &[]),
    ("au_acn", "AU_ACN", &[]),
    ("nz_ird", "", &["NEW_ZEALAND_IRD_NUMBER"]),
    ("nz_nhi", "", &["NEW_ZEALAND_NHI_NUMBER"]),
    ("sg_nric_fin", "SG_NRIC_FIN", &["SINGAPORE_NATIONAL_REGISTRATION_ID_NUMBER"]),
    ("cn_resident_id", "", &["CHINA_RESIDENT_ID_NUMBER"]),
    ("cn_passport", "", &["CHINA_PASSPORT"]),
    ("hk_id", "", &["HONG_KONG_ID_NUMBER"]),
    ("tw_id", "", &["TAIWAN_ID_NUMBER"]),
    ("jp_my_number", "", &["JAPAN_INDIVIDUAL_NUMBER"]),
    ("jp_corporate_number", "", &["JAPAN_CORPORATE_NUMBER"]),
    ("jp_passport", "", &["JAPAN_PASSPORT"]),
    ("kr_rrn", "KR_RRN", &["KOREA_RRN"]),
    ("kr_frn", "KR_FRN", &["KOREA_ARN"]),
    ("kr_brn", "KR_BRN", &["KOREA_BRN"]),
    ("kr_passport", "KR_PASSPORT", &["KOREA_PASSPORT"]),
    ("th_tnin", "TH_TNIN", &["THAILAND_NATIONAL_ID_NUMBER"]),
    ("id_nik", "", &["INDONESIA_NIK_NUMBER"]),
    ("ph_tin", "PH_TIN", &[]),
    ("ph_umid", "PH_UMID", &[]),
    ("il_id", "", &["ISRAEL_IDENTITY_CARD_NUMBER"]),
    ("tr_national_id", "TR_NATIONAL_ID", &["TURKEY_ID_NUMBER"]),
    ("za_id_number", "ZA_ID_NUMBER", &["SOUTH_AFRICA_ID_NUMBER"]),
    ("ng_nin", "NG_NIN", &[]),
    ("imei", "", &["IMEI_HARDWARE_ID"]),
    ("imsi", "", &["IMSI_ID"]),
    ("iccid", "", &["ICCID_NUMBER"]),
    ("medical_record_number", "", &["MEDICAL_RECORD_NUMBER"]),
    ("person_name", "PERSON", &["PERSON_NAME"]),
    ("address", "LOCATION", &["STREET_ADDRESS"]),
    ("date_of_birth", "", &["DATE_OF_BIRTH"]),
    ("secret", "", &["PASSWORD"]),
];

/// What Presidio calls a class, and what Google does.
pub(super) fn of(class: &str) -> (Option<&'static str>, &'static [&'static str]) {
    let named = NAMES.iter().find(|(ours, ..)| *ours == class);
    named.map_or((None, &[]), |(_, presidio, google)| {
        (Some(*presidio).filter(|name| !name.is_empty()), google)
    })
}

/// Our name of what another house calls so, in letters of either case.
pub(super) fn ours(name: &str) -> Option<&'static str> {
    let is = |theirs: &&str| !theirs.is_empty() && theirs.eq_ignore_ascii_case(name);
    let named = NAMES.iter().find(|(_, presidio, google)| is(presidio) || google.iter().any(is));
    named.map(|(ours, ..)| *ours)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_that_of_one_class_of_the_catalogue() {
        let mut theirs: Vec<&str> = Vec::new();
        for (ours, presidio, google) in NAMES {
            assert!(crate::catalogue().iter().any(|info| info.name == *ours), "{ours}");
            let all = google.iter().chain(Some(presidio).filter(|name| !google.contains(name)));
            theirs.extend(all.filter(|name| !name.is_empty()));
        }
        let count = theirs.len();
        theirs.sort_unstable();
        theirs.dedup();
        assert_eq!(theirs.len(), count);
    }

    #[test]
    fn a_name_of_another_house_leads_to_ours() {
        for (theirs, name) in [
            ("IBAN_CODE", Some("iban")),
            ("us_social_security_number", Some("us_ssn")),
            ("UK_NHS", Some("uk_nhs")),
            ("", None),
            ("SHOE_SIZE", None),
        ] {
            assert_eq!(ours(theirs), name, "{theirs}");
        }
    }
}
