package model

import "go/types"

// encoders go through all that a value holds: "Marshal traverses the value v
// recursively": https://pkg.go.dev/encoding/json#Marshal,
// https://pkg.go.dev/encoding/gob, https://pkg.go.dev/gopkg.in/yaml.v3#Marshal,
// and those of routers, which use them:
// https://pkg.go.dev/github.com/gin-gonic/gin#Context.JSON,
// https://pkg.go.dev/github.com/labstack/echo/v4#Context,
// https://pkg.go.dev/github.com/gofiber/fiber/v2#Ctx.JSON
var encoders = newFuncs(
	"encoding/json.Marshal", "encoding/json.MarshalIndent", "(*encoding/json.Encoder).Encode", "(*encoding/gob.Encoder).Encode",
	"gopkg.in/yaml.v2.Marshal", "gopkg.in/yaml.v3.Marshal", "(*gopkg.in/yaml.v3.Encoder).Encode", "sigs.k8s.io/yaml.Marshal",
	"(*github.com/gin-gonic/gin.Context).JSON", "(*github.com/gin-gonic/gin.Context).IndentedJSON", "(*github.com/gin-gonic/gin.Context).PureJSON", "(*github.com/gin-gonic/gin.Context).YAML",
	"(github.com/labstack/echo.Context).JSON", "(github.com/labstack/echo.Context).JSONPretty",
	"(*github.com/gofiber/fiber.Ctx).JSON",
)

// Encodes reports whether a function reads all elements of the maps and slices, and
// the exported fields of the structs, that it is given as interfaces.
func Encodes(fn *types.Func) bool {
	return encoders.hasAny(fn)
}

// decoders lists functions that write into what they are given pointers to, as values of
// type any: "Unmarshal parses the JSON-encoded data and stores the result in the value
// pointed to by v": https://pkg.go.dev/encoding/json#Unmarshal
var decoders = newFuncs(
	"encoding/json.Unmarshal", "(*encoding/json.Decoder).Decode", "encoding/xml.Unmarshal", "(*encoding/xml.Decoder).Decode", "(*encoding/gob.Decoder).Decode",
	"gopkg.in/yaml.v2.Unmarshal", "gopkg.in/yaml.v3.Unmarshal", "(*gopkg.in/yaml.v3.Decoder).Decode", "sigs.k8s.io/yaml.Unmarshal",
	"(*github.com/gin-gonic/gin.Context).BindJSON", "(*github.com/gin-gonic/gin.Context).ShouldBindJSON", "(*github.com/gin-gonic/gin.Context).Bind", "(*github.com/gin-gonic/gin.Context).ShouldBind",
	"(github.com/labstack/echo.Context).Bind", "(*github.com/gofiber/fiber.Ctx).BodyParser",
)

// Decodes reports whether a function writes into what it is given pointers to.
func Decodes(fn *types.Func) bool {
	return decoders.hasAny(fn)
}
