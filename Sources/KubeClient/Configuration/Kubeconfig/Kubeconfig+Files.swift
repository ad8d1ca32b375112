/// Which files are read, by the rules of `kubectl`.
extension Kubeconfig {
    /// Reads a file that must exist.
    static func file(_ path: String) throws(ConfigurationError) -> Kubeconfig {
        switch BoundedFile.read(path, upTo: maximumSize) {
        case .success(let bytes): return try Kubeconfig(bytes, file: path)
        case .failure(let error): throw ConfigurationError("kubeconfig: \(error.message)")
        }
    }

    /// Reads the files of a list such as `KUBECONFIG`, divided by colons, each once, and merges them.
    ///
    /// Files that do not exist are left out.
    static func files(list: String) throws(ConfigurationError) -> Kubeconfig {
        var whole = Kubeconfig()
        var seen: Set<String> = []
        for path in list.split(separator: ":").map(String.init) where seen.insert(path).inserted {
            switch BoundedFile.read(path, upTo: maximumSize) {
            case .success(let bytes): whole.merge(try Kubeconfig(bytes, file: path))
            case .failure(let error) where error.isMissing: continue
            case .failure(let error): throw ConfigurationError("kubeconfig: \(error.message)")
            }
        }
        return whole
    }
}
