/// The image reference of an OCI bundle, as Tekton's bundles resolver takes it.
enum BundleReference {
    /// The image as the user wrote it, or pinned: without its tag and with the digest instead.
    ///
    /// Pinning also lets Tekton cache the bundle. A colon before the last slash belongs to the registry's port.
    static func text(image: String, digest: String?) -> String {
        guard let digest else { return image }
        var repository = image.prefix { $0 != "@" }
        let lastSegment = repository.lastIndex(of: "/") ?? repository.startIndex
        if let colon = repository[lastSegment...].lastIndex(of: ":") { repository = repository[..<colon] }
        return "\(repository)@\(digest)"
    }
}
