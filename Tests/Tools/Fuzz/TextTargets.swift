import Foundation
import KubeClient

extension FuzzTarget {
    private static let documents: [[UInt8]] = [
        #"{"a":[1,-2.5e-3,true,null,"\u00e9\ud83d\ude00\n"],"b":{"":{},"c":[[],{}]},"d":9223372036854775807}"#,
        #"["\\\"/\b\f\n\r\t",0,-0,1E+2,{"é":"日本"}]"#, "\"\\ud800\"", " [ ] ", "12", "null",
    ].map { Array($0.utf8) }

    /// JSON values: parsing and encoding again gives the same value.
    static let json = FuzzTarget(name: "json", corpus: documents) { text, _ in
        guard let value = try? JSONValue(parsing: text) else { return false }
        let again = try JSONValue(parsing: value.encoded)
        // `1e2` is encoded as `100`, which is the same number of another type.
        try require(again.encoded == value.encoded, "encoding it again gives another text")
        var cursor = JSONCursor(text)
        let range = try cursor.skipValue()
        try require(range.upperBound <= text.count, "skipped beyond the end")
        return true
    }

    /// YAML: the value is JSON, and its JSON text is YAML for the same value.
    static let yaml = FuzzTarget(name: "yaml", corpus: yamlTexts + documents, isJSON: false) { text, random in
        guard let documents = try? YAML.documents(text, source: "fuzz") else { return false }
        try require(
            (try? YAMLMemberPositions(text, source: "fuzz")) != nil, "the positions of its members cannot be read")
        for document in documents where random.below(4) == 0 {
            // JSON may nest deeper than the YAML parser accepts; if it is accepted, the value must be the same.
            guard let again = try? YAML.documents(document.encoded, source: "again") else { continue }
            try require(
                again.first?.encoded == document.encoded || document.isNull, "parsing it again gives another value")
        }
        return true
    }

    private static let yamlTexts: [[UInt8]] = {
        let text = """
            # comment
            apiVersion: v1
            list: [a, "b", 'c''d', 0x1F, 0o17, 1.5e3, ~, .inf, 2026-01-01]
            block: |-
              one
                two
            folded: >+
              three
              four

            anchor: &a {k: v, n: [1, 2]}
            alias: *a
            merged:
              <<: *a
              k: w
            ? complex
            : value
            "quoted\\u00e9": !!str 12
            ---
            - nested:
              - deeper: true
              -
            ...
            """
        let manifests = (try? examples()) ?? []
        return [Array(text.utf8)] + manifests
    }()

    private static let times = [
        "2026-01-01T10:00:00Z", "2026-12-31T23:59:60.123456789+14:00", "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999999999Z", "2024-02-29T00:00:00-00:00",
    ]

    /// Times in RFC 3339: parsing and formatting again gives the same time.
    static let timestamp = FuzzTarget(name: "timestamp", corpus: times.map { Array($0.utf8) }, isJSON: false) {
        text, _ in
        guard let time = Timestamp(rfc3339: String(decoding: text, as: UTF8.self)) else { return false }
        try require(
            Timestamp(rfc3339: time.rfc3339) == time.roundedDownToSeconds, "\(time.rfc3339) parses to another time")
        try require(time + .seconds(1) >= time && time - .seconds(1) <= time, "time runs backwards")
        return true
    }
}
