package api

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"
)

// downloadFile serves GET /v1/files/{id}/download?owner=&expiry=&signature=,
// which needs no login: the signature is the permission.
func (a *API) downloadFile(c echo.Context) error {
	owner, expiry := c.QueryParam("owner"), c.QueryParam("expiry")
	until, err := strconv.ParseInt(expiry, 10, 64)
	signature, err2 := base64.StdEncoding.DecodeString(c.QueryParam("signature"))
	if err != nil || err2 != nil || time.Now().Unix() > until ||
		!hmac.Equal(signature, SignDownload(a.Secret, owner, c.Param("id"), expiry)) {
		return errNoFile()
	}
	f, err := a.uploaded(c)
	if err != nil {
		return err
	}
	f, r, err := a.Service.Files().Open(c.Request().Context(), f.Token)
	if err != nil {
		return err
	}
	defer r.Close()
	fileHeaders(c.Response().Header(), f)
	http.ServeContent(c.Response(), c.Request(), "", f.CreatedAt, r)
	return nil
}

// SignDownload is HMAC-SHA256 of "owner id expiry", expiry in unix seconds.
func SignDownload(secret []byte, owner, id, expiry string) []byte {
	mac := hmac.New(sha256.New, secret)
	fmt.Fprintf(mac, "%s %s %s", owner, id, expiry)
	return mac.Sum(nil)
}
