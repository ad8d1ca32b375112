import KubeClient

let podType = ResourceType(group: "", version: "v1", plural: "pods", kind: "Pod")
let runType = ResourceType(group: "tekton.dev", version: "v1", plural: "pipelineruns", kind: "PipelineRun")

/// Reads the name of an object; fails if it is not a string.
let nameDecoder: ObjectDecoder<String> = { (cursor) throws(JSONError) in
    var name: String?
    try cursor.forEachField { (key, cursor) throws(JSONError) in
        guard key == "metadata" else {
            try cursor.skipValue()
            return
        }
        name = try ObjectMetadata(&cursor).name
    }
    guard let name else { throw JSONError("no metadata", offset: cursor.offset) }
    return name
}
