{
  "name": "Get credentials",
  "slug": "get-credentials",
  "type": "custom",
  "retryable": true,
  "parameters": {
    "schema": {
      "type": "object",
      "properties": {}
    },
    "values": {}
  },
  "results": {
    "schema": {
      "type": "object",
      "properties": {
        "username": {
          "type": "string"
        },
        "password": {
          "type": "string",
          "secret": true
        },
        "endpoint": {
          "type": "string"
        },
        "port": {
          "type": "number"
        }
      }
    },
    "values": {}
  }
}
