// nothing: see package.json
