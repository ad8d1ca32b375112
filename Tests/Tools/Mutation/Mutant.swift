/// A deliberate bug: what has to be changed in the sources so that the operator has it.
struct Mutant {
    struct Edit {
        let file: String
        /// Occurs exactly once in the file.
        let original: String
        /// What stands in its place; `BUG` is true where the bug is switched on.
        let replacement: String
    }

    let name: String
    let edits: [Edit]

    init(_ name: String, _ edits: Edit...) {
        self.name = name
        self.edits = edits
    }
}

extension Mutant.Edit {
    init(_ file: String, _ original: String, _ replacement: String) {
        self.init(file: file, original: original, replacement: replacement)
    }
}
