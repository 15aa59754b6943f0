use super::{check, check_not};

#[test]
fn us_itin() {
    check(
        "us_itin",
        &[
            ("ITIN 978-77-8932", "ITIN [us_itin]"),
            ("customer_itin=987921742", "customer_itin=[us_itin]"),
            ("see ITIN 978-77-8932, too", "see ITIN [us_itin], too"),
        ],
    );
    check_not(
        "us_itin",
        &[
            "ITIN 812-70-1234",
            "ITIN 912-93-1234",
            "ITIN 912491234",
            "ITIN 999-99-9999",
            "order 978-77-8932",
            "ITIN 1978-77-8932",
            "ITIN 978-77-89320",
            "ITIN 978-77-8932-0",
        ],
    );
}

#[test]
fn us_ein() {
    check(
        "us_ein",
        &[
            ("FEIN 34-3031282", "FEIN [us_ein]"),
            ("company_ein: 483445678", "company_ein: [us_ein]"),
            ("see FEIN 34-3031282, too", "see FEIN [us_ein], too"),
        ],
    );
    check_not(
        "us_ein",
        &[
            "FEIN 07-1234567",
            "FEIN 70-1234567",
            "FEIN 891234567",
            "order 34-3031282",
            "FEIN 134-3031282",
            "FEIN 34-30312820",
            "FEIN 34-3031282-0",
        ],
    );
}

#[test]
fn us_bank_routing() {
    check(
        "us_bank_routing",
        &[
            ("routing number 025239788", "routing number [us_bank_routing]"),
            ("ABA 2659-5541-1", "ABA [us_bank_routing]"),
            ("see routing number 025239788, too", "see routing number [us_bank_routing], too"),
        ],
    );
    check_not(
        "us_bank_routing",
        &[
            "routing number 025239789",
            "routing number 2659-5541-2",
            "routing number 115410013",
            "order 025239788",
            "routing number 1025239788",
            "routing number 0252397880",
            "routing number 025239788-0",
        ],
    );
}

#[test]
fn ca_sin() {
    check(
        "ca_sin",
        &[
            ("SIN 549-283-539", "SIN [ca_sin]"),
            ("social insurance number 696 508 670", "social insurance number [ca_sin]"),
            ("SIN: 708772132", "SIN: [ca_sin]"),
            ("see SIN 549-283-539, too", "see SIN [ca_sin], too"),
        ],
    );
    check_not(
        "ca_sin",
        &[
            "SIN 549-283-530",
            "SIN 696 508 671",
            "SIN 708772133",
            "SIN 710-252-004",
            "order 549-283-539",
            "SIN 1549-283-539",
            "SIN 549-283-5390",
            "SIN 549-283-539-0",
            "SIN 000-000-000",
            "SIN 823-456-785",
        ],
    );
}

#[test]
fn br_cpf() {
    check(
        "br_cpf",
        &[
            ("CPF 374.703.717-88", "CPF [br_cpf]"),
            ("cliente_cpf=02269736540", "cliente_cpf=[br_cpf]"),
            ("see CPF 374.703.717-88, too", "see CPF [br_cpf], too"),
        ],
    );
    check_not(
        "br_cpf",
        &[
            "CPF 374.703.717-89",
            "CPF 02269736541",
            "CPF 276.306.896-74",
            "order 374.703.717-88",
            "CPF 1374.703.717-88",
            "CPF 374.703.717-880",
            "CPF 374.703.717-88-0",
            "CPF 111.111.111-11",
            "cpfx 374.703.717-88",
        ],
    );
}

#[test]
fn br_cnpj() {
    check(
        "br_cnpj",
        &[
            ("CNPJ 99.254.971/0001-25", "CNPJ [br_cnpj]"),
            ("cnpj: 32974910000161", "cnpj: [br_cnpj]"),
            ("see CNPJ 99.254.971/0001-25, too", "see CNPJ [br_cnpj], too"),
            ("CNPJ 12.ABC.345/01DE-35", "CNPJ [br_cnpj]"),
            ("CNPJ 12ABC34501DE35", "CNPJ [br_cnpj]"),
        ],
    );
    check_not(
        "br_cnpj",
        &[
            "CNPJ 99.254.971/0001-26",
            "CNPJ 32974910000162",
            "CNPJ 94.186.804/0001-15",
            "order 99.254.971/0001-25",
            "CNPJ 199.254.971/0001-25",
            "CNPJ 99.254.971/0001-250",
            "CNPJ 99.254.971/0001-25-0",
        ],
    );
}

#[test]
fn ar_cuit() {
    check(
        "ar_cuit",
        &[
            ("CUIT 27-25311322-2", "CUIT [ar_cuit]"),
            ("CUIL 23287375387", "CUIL [ar_cuit]"),
            ("see CUIT 27-25311322-2, too", "see CUIT [ar_cuit], too"),
        ],
    );
    check_not(
        "ar_cuit",
        &[
            "CUIT 27-25311322-3",
            "CUIT 23287375388",
            "CUIT 20-48641133-6",
            "order 27-25311322-2",
            "CUIT 127-25311322-2",
            "CUIT 27-25311322-20",
            "CUIT 27-25311322-2-0",
        ],
    );
}

#[test]
fn pe_ruc() {
    check(
        "pe_ruc",
        &[
            ("RUC 10865566625", "RUC [pe_ruc]"),
            ("ruc=10597577821", "ruc=[pe_ruc]"),
            ("see RUC 10865566625, too", "see RUC [pe_ruc], too"),
        ],
    );
    check_not(
        "pe_ruc",
        &[
            "RUC 10865566626",
            "RUC 10597577822",
            "RUC 10457329642",
            "order 10865566625",
            "RUC 110865566625",
            "RUC 108655666250",
            "RUC 10865566625-0",
        ],
    );
}

#[test]
fn ec_cedula() {
    check(
        "ec_cedula",
        &[
            ("cedula 2205153113", "cedula [ec_cedula]"),
            ("numero_cedula=234208648-1", "numero_cedula=[ec_cedula]"),
            ("see cedula 2205153113, too", "see cedula [ec_cedula], too"),
        ],
    );
    check_not(
        "ec_cedula",
        &[
            "cedula 2205153114",
            "cedula 234208648-2",
            "cedula 1013751673",
            "order 2205153113",
            "cedula 12205153113",
            "cedula 22051531130",
            "cedula 2205153113-0",
        ],
    );
}

#[test]
fn do_cedula() {
    check(
        "do_cedula",
        &[
            ("cedula 007-1041819-5", "cedula [do_cedula]"),
            ("Cedula: 00722175148", "Cedula: [do_cedula]"),
            ("see cedula 007-1041819-5, too", "see cedula [do_cedula], too"),
        ],
    );
    check_not(
        "do_cedula",
        &[
            "cedula 007-1041819-6",
            "cedula 00722175149",
            "cedula 875-3609468-8",
            "order 007-1041819-5",
            "cedula 1007-1041819-5",
            "cedula 007-1041819-50",
            "cedula 007-1041819-5-0",
        ],
    );
}

#[test]
fn ve_rif() {
    check(
        "ve_rif",
        &[
            ("RIF J93363974-5", "RIF [ve_rif]"),
            ("rif: J758174181", "rif: [ve_rif]"),
            ("see RIF J93363974-5, too", "see RIF [ve_rif], too"),
        ],
    );
    check_not(
        "ve_rif",
        &[
            "RIF J93363974-6",
            "RIF J758174182",
            "RIF P31847569-1",
            "order J93363974-5",
            "RIF AJ93363974-5",
            "RIF J93363974-50",
            "RIF J93363974-5-0",
        ],
    );
}

#[test]
fn py_ruc() {
    check(
        "py_ruc",
        &[
            ("RUC 6205658-1", "RUC [py_ruc]"),
            ("ruc: 8677779-3", "ruc: [py_ruc]"),
            ("see RUC 6205658-1, too", "see RUC [py_ruc], too"),
        ],
    );
    check_not(
        "py_ruc",
        &[
            "RUC 6205658-2",
            "RUC 8677779-4",
            "RUC 1221713-8",
            "order 6205658-1",
            "RUC 16205658-1",
            "RUC 6205658-10",
            "RUC 6205658-1-0",
        ],
    );
}

#[test]
fn gt_nit() {
    check(
        "gt_nit",
        &[
            ("NIT 70920589-9", "NIT [gt_nit]"),
            ("nit: 96533158-K", "nit: [gt_nit]"),
            ("see NIT 70920589-9, too", "see NIT [gt_nit], too"),
        ],
    );
    check_not(
        "gt_nit",
        &[
            "NIT 70920589-0",
            "NIT 96533159-K",
            "NIT 48883102-0",
            "order 70920589-9",
            "NIT 170920589-9",
            "NIT 70920589-90",
            "NIT 70920589-9-0",
        ],
    );
}

#[test]
fn co_nit() {
    check(
        "co_nit",
        &[
            ("NIT 504.529.094-2", "NIT [co_nit]"),
            ("nit_empresa=565001289-6", "nit_empresa=[co_nit]"),
            ("NIT: 8422499560", "NIT: [co_nit]"),
            ("see NIT 504.529.094-2, too", "see NIT [co_nit], too"),
        ],
    );
    check_not(
        "co_nit",
        &[
            "NIT 504.529.094-3",
            "NIT 565001289-7",
            "NIT 8422499561",
            "NIT 181.813.695-1",
            "order 504.529.094-2",
            "NIT 1504.529.094-2",
            "NIT 504.529.094-20",
            "NIT 504.529.094-2-0",
        ],
    );
}

#[test]
fn cl_rut() {
    check(
        "cl_rut",
        &[
            ("RUT 13.160.842-K", "RUT [cl_rut]"),
            ("rut=22589721-2", "rut=[cl_rut]"),
            ("RUT: 106014574", "RUT: [cl_rut]"),
            ("see RUT 13.160.842-K, too", "see RUT [cl_rut], too"),
        ],
    );
    check_not(
        "cl_rut",
        &[
            "RUT 22589721-3",
            "RUT 106014575",
            "RUT 13.160.842-A",
            "order 13.160.842-K",
            "RUT 113.160.842-K",
            "RUT 13.160.842-K0",
            "RUT 13.160.842-K-0",
        ],
    );
}

#[test]
fn isin() {
    check(
        "isin",
        &[
            ("ISIN XSYX7E703131", "ISIN [isin]"),
            ("isin=DEH6ULA14588", "isin=[isin]"),
            ("see ISIN XSYX7E703131, too", "see ISIN [isin], too"),
        ],
    );
    check_not(
        "isin",
        &[
            "ISIN XSYX7E703132",
            "ISIN DEH6ULA14589",
            "ISIN DEJMCT610200",
            "order XSYX7E703131",
            "ISIN AXSYX7E703131",
            "ISIN XSYX7E7031310",
            "ISIN XSYX7E703131-0",
        ],
    );
}

#[test]
fn cusip() {
    check(
        "cusip",
        &[
            ("CUSIP 121WF0JV0", "CUSIP [cusip]"),
            ("cusip=582PU90F6", "cusip=[cusip]"),
            ("see CUSIP 121WF0JV0, too", "see CUSIP [cusip], too"),
        ],
    );
    check_not(
        "cusip",
        &[
            "CUSIP 121WF0JV1",
            "CUSIP 582PU90F7",
            "CUSIP 829X2HYZ2",
            "order 121WF0JV0",
            "CUSIP 1121WF0JV0",
            "CUSIP 121WF0JV00",
            "CUSIP 121WF0JV0-0",
        ],
    );
}

#[test]
fn lei() {
    check(
        "lei",
        &[
            ("LEI 946700X9R7ZRTB568H16", "LEI [lei]"),
            ("legal entity 307800QZAJ2KR8S7WM12", "legal entity [lei]"),
            ("see LEI 946700X9R7ZRTB568H16, too", "see LEI [lei], too"),
        ],
    );
    check_not(
        "lei",
        &[
            "LEI 946700X9R7ZRTB568H17",
            "LEI 307800QZAJ2KR8S7WM13",
            "LEI 223100M8FG3SCAUNCZ25",
            "order 946700X9R7ZRTB568H16",
            "LEI 1946700X9R7ZRTB568H16",
            "LEI 946700X9R7ZRTB568H160",
            "LEI 946700X9R7ZRTB568H16-0",
        ],
    );
}

#[test]
fn pe_dni() {
    check(
        "pe_dni",
        &[
            ("DNI 92798790-8", "DNI [pe_dni]"),
            ("dni: 70571148-3", "dni: [pe_dni]"),
            ("see DNI 92798790-8, too", "see DNI [pe_dni], too"),
        ],
    );
    check_not(
        "pe_dni",
        &[
            "DNI 92798790-9",
            "DNI 70571148-4",
            "DNI 00000000-6",
            "order 92798790-8",
            "DNI 192798790-8",
            "DNI 92798790-80",
            "DNI 92798790-8-0",
        ],
    );
}

#[test]
fn ca_bn() {
    check(
        "ca_bn",
        &[
            ("business number 115994402", "business number [ca_bn]"),
            ("GST 800286478RC0001", "GST [ca_bn]"),
            ("business number: 56500 5717 RT 0002", "business number: [ca_bn]"),
            ("see business number 115994402, too", "see business number [ca_bn], too"),
        ],
    );
    check_not(
        "ca_bn",
        &[
            "business number 115994403",
            "business number 800286479RC0001",
            "business number 800286478XX0001",
            "order 115994402",
            "business number 1115994402",
            "business number 1159944020",
            "business number 115994402-0",
        ],
    );
}

#[test]
fn mx_curp() {
    check(
        "mx_curp",
        &[
            ("BECQ360712HJCVVC65", "[mx_curp]"),
            ("CURP: TDGZ910527HDFLTW47", "CURP: [mx_curp]"),
            ("(vajv550113hnelifa4)", "([mx_curp])"),
        ],
    );
    check_not(
        "mx_curp",
        &[
            "BECQ360712HJCVVC66",
            "BECQ361312HJCVVC65",
            "TDGZ910527ADFLTW47",
            "BECQ360712HJCVVC651",
            "ATDGZ910527HDFLTW47",
            "TDGZ910527HDFLTW47-1",
        ],
    );
}

#[test]
fn us_npi() {
    check(
        "us_npi",
        &[
            ("NPI 1234567893", "NPI [us_npi]"),
            ("provider_npi=2908172630", "provider_npi=[us_npi]"),
            ("see NPI 1234567893, too", "see NPI [us_npi], too"),
        ],
    );
    check_not(
        "us_npi",
        &[
            "NPI 1234567894",
            "NPI 2908172631",
            "NPI 3234567893",
            "NPI 1111111111",
            "order 1234567893",
            "NPI 11234567893",
            "NPI 12345678930",
            "NPI 1234567893-0",
        ],
    );
}

#[test]
fn us_dea() {
    check(
        "us_dea",
        &[
            ("DEA MK4028177", "DEA [us_dea]"),
            ("dea_number=F91357905", "dea_number=[us_dea]"),
            ("see DEA MK4028177, too", "see DEA [us_dea], too"),
        ],
    );
    check_not(
        "us_dea",
        &[
            "DEA MK4028178",
            "DEA F91357906",
            "DEA NB4028177",
            "DEA MK0000000",
            "order MK4028177",
            "DEA AMK4028177",
            "DEA MK40281770",
            "DEA MK4028177-0",
        ],
    );
}

#[test]
fn us_medicare() {
    check(
        "us_medicare",
        &[
            ("Medicare 1EG4-TE5-MK73", "Medicare [us_medicare]"),
            ("mbi: 2AC4FG8HJ12", "mbi: [us_medicare]"),
            ("see Medicare 1EG4-TE5-MK73, too", "see Medicare [us_medicare], too"),
        ],
    );
    check_not(
        "us_medicare",
        &[
            "Medicare 0EG4-TE5-MK73",
            "Medicare 1SG4-TE5-MK73",
            "Medicare 1EG4-TE5-MB73",
            "Medicare 1EG4-TE5-M173",
            "order 1EG4-TE5-MK73",
            "Medicare 11EG4-TE5-MK73",
            "Medicare 1EG4-TE5-MK730",
            "Medicare 1EG4-TE5-MK73-0",
        ],
    );
}

#[test]
fn us_preparer_ptin() {
    check(
        "us_preparer_ptin",
        &[
            ("PTIN P01234567", "PTIN [us_preparer_ptin]"),
            ("preparer P07654321", "preparer [us_preparer_ptin]"),
            ("see PTIN P01234567, too", "see PTIN [us_preparer_ptin], too"),
        ],
    );
    check_not(
        "us_preparer_ptin",
        &[
            "PTIN 01234567",
            "PTIN Q01234567",
            "PTIN P0123456",
            "PTIN P00000000",
            "order P01234567",
            "PTIN AP01234567",
            "PTIN P012345670",
            "PTIN P01234567-0",
        ],
    );
}

#[test]
fn us_driver_license() {
    check(
        "us_driver_license",
        &[
            ("driver's license D1234567", "driver's license [us_driver_license]"),
            ("driver_license=S123-456-78-901-2", "driver_license=[us_driver_license]"),
            ("driver's license: 12345678", "driver's license: [us_driver_license]"),
            ("see driver's license D1234567, too", "see driver's license [us_driver_license], too"),
        ],
    );
    check_not(
        "us_driver_license",
        &[
            "driver's license 1234",
            "driver's license D12345",
            "driver's license 00000000",
            "order D1234567",
            "printer driver 12345678",
            "driver license D1234567-0",
            "driver license AD1234567890",
        ],
    );
}

#[test]
fn us_passport() {
    check(
        "us_passport",
        &[
            ("US passport A12345678", "US passport [us_passport]"),
            ("passport_no: B01234567", "passport_no: [us_passport]"),
            ("see US passport A12345678, too", "see US passport [us_passport], too"),
        ],
    );
    check_not(
        "us_passport",
        &[
            "US passport 12345",
            "US passport A00000000",
            "US passport AB12345678",
            "order A12345678",
            "US passport AA12345678",
            "US passport A123456780",
            "US passport A12345678-0",
        ],
    );
}

#[test]
fn ca_passport() {
    check(
        "ca_passport",
        &[
            ("Canadian passport QX123450", "Canadian passport [ca_passport]"),
            ("passeport Q123456XZ", "passeport [ca_passport]"),
            ("see Canadian passport QX123450, too", "see Canadian passport [ca_passport], too"),
        ],
    );
    check_not(
        "ca_passport",
        &[
            "Canadian passport QX12345",
            "Canadian passport 1X123450",
            "Canadian passport Q12345XZ",
            "order QX123450",
            "Canadian passport AQX123450",
            "Canadian passport QX1234500",
            "Canadian passport QX123450-0",
        ],
    );
}

#[test]
fn ca_ohip() {
    check(
        "ca_ohip",
        &[
            ("OHIP 9876-543-217-AB", "OHIP [ca_ohip]"),
            ("health card: 1234987608", "health card: [ca_ohip]"),
            ("OHIP: 1234 987 608", "OHIP: [ca_ohip]"),
            ("see OHIP 9876-543-217-AB, too", "see OHIP [ca_ohip], too"),
        ],
    );
    check_not(
        "ca_ohip",
        &[
            "OHIP 9876543218",
            "OHIP 1234987609",
            "OHIP 0876543218",
            "OHIP 1111111111",
            "OHIP 9876543217-0",
            "OHIP 19876543217",
            "order 9876-543-217-AB",
        ],
    );
}

#[test]
fn mx_rfc() {
    check(
        "mx_rfc",
        &[
            ("RFC QUXE701231GR8", "RFC [mx_rfc]"),
            ("RFC QXZ800229P7A", "RFC [mx_rfc]"),
            ("rfc_cliente=QUXE701231-GR8", "rfc_cliente=[mx_rfc]"),
        ],
    );
    check_not(
        "mx_rfc",
        &[
            "QUXE701231GR8",
            "RFC QUXE701331GR8",
            "RFC QUXE700230GR8",
            "RFC QUXE701231GRB",
            "RFC XAXX010101000",
            "RFC QUXE701231GR81",
            "RFC 1QUXE701231GR8",
        ],
    );
}

#[test]
fn mx_nss() {
    check(
        "mx_nss",
        &[
            ("NSS 12345678903", "NSS [mx_nss]"),
            ("IMSS 92-06-75-1234-0", "IMSS [mx_nss]"),
            ("see NSS 12345678903, too", "see NSS [mx_nss], too"),
        ],
    );
    check_not(
        "mx_nss",
        &[
            "NSS 12345678904",
            "NSS 92067512341",
            "NSS 00000000000",
            "order 12345678903",
            "NSS 112345678903",
            "NSS 123456789030",
            "NSS 12345678903-0",
        ],
    );
}

#[test]
fn mx_clabe() {
    check(
        "mx_clabe",
        &[
            ("CLABE 002010203040506074", "CLABE [mx_clabe]"),
            ("clabe: 012 070 77777777777 1", "clabe: [mx_clabe]"),
            ("see CLABE 002010203040506074, too", "see CLABE [mx_clabe], too"),
        ],
    );
    check_not(
        "mx_clabe",
        &[
            "CLABE 002010203040506075",
            "CLABE 012070777777777772",
            "CLABE 000000000000000000",
            "order 002010203040506074",
            "CLABE 1002010203040506074",
            "CLABE 0020102030405060740",
            "CLABE 002010203040506074-0",
        ],
    );
}

#[test]
fn br_pis() {
    check(
        "br_pis",
        &[
            ("PIS 120.45546.78-2", "PIS [br_pis]"),
            ("nis: 17012345673", "nis: [br_pis]"),
            ("see PIS 120.45546.78-2, too", "see PIS [br_pis], too"),
        ],
    );
    check_not(
        "br_pis",
        &[
            "PIS 12045546783",
            "PIS 17012345674",
            "PIS 00000000000",
            "order 120.45546.78-2",
            "PIS 1120.45546.78-2",
            "PIS 120.45546.78-20",
            "PIS 120.45546.78-2-0",
        ],
    );
}

#[test]
fn br_cnh() {
    check(
        "br_cnh",
        &[
            ("CNH 40281736535", "CNH [br_cnh]"),
            ("habilitacao 123456702-02", "habilitacao [br_cnh]"),
            ("see CNH 40281736535, too", "see CNH [br_cnh], too"),
        ],
    );
    check_not(
        "br_cnh",
        &[
            "CNH 40281736536",
            "CNH 12345670203",
            "CNH 00000000000",
            "order 40281736535",
            "CNH 140281736535",
            "CNH 402817365350",
            "CNH 40281736535-0",
        ],
    );
}

#[test]
fn br_titulo_eleitor() {
    check(
        "br_titulo_eleitor",
        &[
            ("titulo eleitoral 402817360620", "titulo eleitoral [br_titulo_eleitor]"),
            ("eleitor: 1928 3746 0108", "eleitor: [br_titulo_eleitor]"),
            (
                "see titulo eleitoral 402817360620, too",
                "see titulo eleitoral [br_titulo_eleitor], too",
            ),
        ],
    );
    check_not(
        "br_titulo_eleitor",
        &[
            "titulo eleitoral 402817360621",
            "titulo eleitoral 192837460109",
            "titulo eleitoral 402817369906",
            "order 402817360620",
            "titulo eleitoral 1402817360620",
            "titulo eleitoral 4028173606200",
            "titulo eleitoral 402817360620-0",
        ],
    );
}

#[test]
fn uy_ci() {
    check(
        "uy_ci",
        &[
            ("cedula 1.234.567-2", "cedula [uy_ci]"),
            ("cedula_identidad=4019283-3", "cedula_identidad=[uy_ci]"),
            ("see cedula 1.234.567-2, too", "see cedula [uy_ci], too"),
        ],
    );
    check_not(
        "uy_ci",
        &[
            "cedula 12345673",
            "cedula 40192834",
            "cedula 0000000-0",
            "order 1.234.567-2",
            "cedula 11.234.567-2",
            "cedula 1.234.567-20",
            "cedula 1.234.567-2-0",
        ],
    );
}

#[test]
fn cr_cedula() {
    check(
        "cr_cedula",
        &[
            ("cedula 1-0613-0584", "cedula [cr_cedula]"),
            ("cedula: 304550175", "cedula: [cr_cedula]"),
            ("see cedula 1-0613-0584, too", "see cedula [cr_cedula], too"),
        ],
    );
    check_not(
        "cr_cedula",
        &[
            "cedula 0-0613-0584",
            "cedula 000000000",
            "cedula 10-0613-0584",
            "order 1-0613-0584",
            "cedula 11-0613-0584",
            "cedula 1-0613-05840",
            "cedula 1-0613-0584-0",
        ],
    );
}

#[test]
fn ar_dni() {
    check(
        "ar_dni",
        &[
            ("DNI 12.345.678", "DNI [ar_dni]"),
            ("documento nacional 7.654.321", "documento nacional [ar_dni]"),
            ("DNI: 7654321", "DNI: [ar_dni]"),
            ("see DNI 12.345.678, too", "see DNI [ar_dni], too"),
        ],
    );
    check_not(
        "ar_dni",
        &[
            "DNI 00.345.678",
            "DNI 123456",
            "DNI 123.45.678",
            "order 12.345.678",
            "DNI 112.345.678",
            "DNI 12.345.6780",
            "DNI 12.345.678-0",
        ],
    );
}

#[test]
fn co_cedula() {
    check(
        "co_cedula",
        &[
            ("cedula de ciudadania 79.123.456", "cedula de ciudadania [co_cedula]"),
            ("cedula: 1.012.345.678", "cedula: [co_cedula]"),
            ("cedula de ciudadania: 123456", "cedula de ciudadania: [co_cedula]"),
            (
                "see cedula de ciudadania 79.123.456, too",
                "see cedula de ciudadania [co_cedula], too",
            ),
        ],
    );
    check_not(
        "co_cedula",
        &[
            "cedula de ciudadania 2.012.345.678",
            "cedula de ciudadania 0123456",
            "cedula de ciudadania 12345",
            "order 79.123.456",
            "cedula de ciudadania 179.123.456",
            "cedula de ciudadania 79.123.4560",
            "cedula de ciudadania 79.123.456-0",
        ],
    );
}

#[test]
fn vin() {
    check(
        "vin",
        &[
            ("VIN 1ZZAB12C0DE000001", "VIN [vin]"),
            ("vehicle_id: 5YYTR34KXLM000008", "vehicle_id: [vin]"),
            ("see VIN 1ZZAB12C0DE000001, too", "see VIN [vin], too"),
        ],
    );
    check_not(
        "vin",
        &[
            "VIN 1ZZAB12C0DE000002",
            "VIN 5YYTR34K1LM000008",
            "VIN 1ZZAB12C0DEO00001",
            "order 1ZZAB12C0DE000001",
            "VIN 11ZZAB12C0DE000001",
            "VIN 1ZZAB12C0DE0000010",
            "VIN 1ZZAB12C0DE000001-0",
        ],
    );
}

#[test]
fn us_bank_account() {
    check(
        "us_bank_account",
        &[
            ("bank account 123456789", "bank account [us_bank_account]"),
            ("account_number=12345678901234567", "account_number=[us_bank_account]"),
            ("bank account: 00012345678", "bank account: [us_bank_account]"),
            ("see bank account 123456789, too", "see bank account [us_bank_account], too"),
        ],
    );
    check_not(
        "us_bank_account",
        &[
            "bank account 1234567",
            "bank account 00000000",
            "bank account 123456789012345678",
            "bank account A12345678",
            "bank account 12345678-0",
            "order 123456789",
        ],
    );
}
