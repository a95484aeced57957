package identity

import (
	"bytes"
	"crypto/sha1"
	"encoding/asn1"
	"encoding/binary"
	"fmt"
	"sort"
	"strings"
	"unicode/utf16"
)

// subjectHash is what `openssl x509 -hash` prints and what file names in a CA directory start with: the first four bytes,
// little endian, of the SHA-1 of the name in OpenSSL's canonical form. That is the sequence of its RDNs without the outer
// header, each string as UTF8String, trimmed, with runs of white space as one space, and ASCII letters in lower case
// (x509_name_canon in OpenSSL's x_name.c). SHA-1 is no security measure here.
func subjectHash(rawSubject []byte) (string, error) {
	var rdns []asn1.RawValue
	if rest, err := asn1.Unmarshal(rawSubject, &rdns); err != nil || len(rest) > 0 {
		return "", fmt.Errorf("subject name: %v", err)
	}
	digest := sha1.New()
	for _, rdn := range rdns {
		var attributes [][]byte
		for rest := rdn.Bytes; len(rest) > 0; {
			var attribute struct {
				Type  asn1.ObjectIdentifier
				Value asn1.RawValue
			}
			var err error
			if rest, err = asn1.Unmarshal(rest, &attribute); err != nil {
				return "", fmt.Errorf("subject attribute: %v", err)
			}
			attribute.Value = canonicalValue(attribute.Value)
			encoded, err := asn1.Marshal(attribute)
			if err != nil {
				return "", fmt.Errorf("subject attribute: %v", err)
			}
			attributes = append(attributes, encoded)
		}
		sort.Slice(attributes, func(i, j int) bool { return bytes.Compare(attributes[i], attributes[j]) < 0 })
		set, err := asn1.Marshal(asn1.RawValue{Tag: asn1.TagSet, IsCompound: true, Bytes: bytes.Join(attributes, nil)})
		if err != nil {
			return "", err
		}
		digest.Write(set)
	}
	return fmt.Sprintf("%08x", binary.LittleEndian.Uint32(digest.Sum(nil))), nil
}

func canonicalValue(value asn1.RawValue) asn1.RawValue {
	const tagVisibleString, tagUniversalString = 26, 28
	var text string
	switch value.Tag {
	case asn1.TagUTF8String, asn1.TagPrintableString, asn1.TagIA5String, tagVisibleString:
		text = string(value.Bytes)
	case asn1.TagT61String: // read as Latin-1
		runes := make([]rune, len(value.Bytes))
		for i, b := range value.Bytes {
			runes[i] = rune(b)
		}
		text = string(runes)
	case asn1.TagBMPString:
		units := make([]uint16, len(value.Bytes)/2)
		for i := range units {
			units[i] = binary.BigEndian.Uint16(value.Bytes[2*i:])
		}
		text = string(utf16.Decode(units))
	case tagUniversalString:
		runes := make([]rune, len(value.Bytes)/4)
		for i := range runes {
			runes[i] = rune(binary.BigEndian.Uint32(value.Bytes[4*i:]))
		}
		text = string(runes)
	default:
		return value
	}
	ascii := func(r rune) bool { return strings.ContainsRune(" \t\n\v\f\r", r) }
	text = strings.Join(strings.FieldsFunc(text, ascii), " ")
	text = strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, text)
	return asn1.RawValue{Tag: asn1.TagUTF8String, Bytes: []byte(text)}
}
