import KubeClient
import Testing

@testable import APIServer

@Suite struct SelectorTests {
    private let labels = [ObjectLabel(key: "app", value: "web"), ObjectLabel(key: "example.com/tier", value: "")]

    @Test(arguments: [
        "", "app", "app=web", "app==web", "app!=db", "app in (db, web)", "app notin (db)", "!gone", "gone!=x",
        "example.com/tier=", "app=web,!gone", " app = web , example.com/tier ", "gone notin (a,b)",
    ])
    func `a label selector matches`(_ text: String) throws {
        #expect(try LabelSelector(parsing: text).matches(labels))
    }

    @Test(arguments: ["app=db", "gone", "!app", "app notin (web)", "app in (db)", "app=web,gone", "gone=x"])
    func `a label selector does not match`(_ text: String) throws {
        #expect(try !LabelSelector(parsing: text).matches(labels))
    }

    @Test(arguments: ["=", "app in", "app in (", "app in (a", "app=a b", ",app", "app,", "app=ä", "-app=x", "a=b=c"])
    func `a malformed label selector is rejected`(_ text: String) {
        #expect(throws: StatusError.self) { try LabelSelector(parsing: text) }
    }

    @Test func `a field selector accepts only the selectable fields of the resource`() throws {
        let served = BuiltInResources.eventsInEventsGroup
        let selector = try FieldSelector(parsing: "regarding.name=x,type!=Normal", for: served)
        #expect(
            selector.requirements == [
                FieldSelector.Requirement(field: "involvedObject.name", value: "x", mustEqual: true),
                FieldSelector.Requirement(field: "type", value: "Normal", mustEqual: false),
            ])
        #expect(throws: StatusError.self) { try FieldSelector(parsing: "involvedObject.name=x", for: served) }
        #expect(throws: StatusError.self) { try FieldSelector(parsing: "metadata.name", for: served) }
    }

    @Test func `a field selector unescapes values`() throws {
        let selector = try FieldSelector(parsing: #"metadata.name=a\,b\=c\\"#, for: BuiltInResources.pods)
        #expect(selector.requirements.map(\.value) == [#"a,b=c\"#])
    }
}
